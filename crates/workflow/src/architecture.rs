//! The architecture of an entry, for filters. It works even if other parts of the entry cannot be read.

use naming::{Architecture, Variant};
use plan::settle;

use super::entry::{JobEntry, listed};
use super::marks::truth;
use super::needs::MatrixKeys;
use super::system::{System, of_runner, system};

impl JobEntry {
    /// Whether the entry runs on an architecture: that of its image, or 32-bit Intel for that variant. An entry that
    /// does not run on Linux runs on none. A contradictory entry runs on each named architecture, so that the
    /// contradiction is reported. The error says why the architecture is unknown.
    pub(super) fn runs_on_architecture(
        &self,
        keys: &MatrixKeys,
        wanted: Architecture,
    ) -> Result<bool, String> {
        let named = match self.named_architecture(keys) {
            Ok(named) => named,
            Err(why) if self.may_name(keys, wanted) => return Err(why),
            Err(_) => return Ok(false),
        };
        let mut of_image = None;
        let of_system = match system(&self.runs_on, &self.container, &keys.runners) {
            Ok(System::Linux(linux)) => {
                of_image = linux.architecture.filter(|_| linux.image.is_some());
                linux.architecture
            }
            Ok(System::Other(_)) => return Ok(false),
            Err(why) => {
                let of_runner = of_runner(self.labels());
                // An unknown image may be a 32-bit one on a 64-bit runner.
                let may_be_other = self.container.is_err() && is_32_bit(wanted);
                if named.is_none() && (of_runner.is_none() || may_be_other) {
                    return Err(why);
                }
                of_runner
            }
        };
        if named.is_some() && of_image == Some(wanted) {
            return Ok(true);
        }
        let named = named.or(of_system);
        let variants = self.architectures(keys, wanted)?;
        let x86 = variants.contains(&Variant::x86());
        let runs_on = |architecture| wanted == architecture || (wanted == Architecture::X86 && x86);
        Ok(match settle(named, variants.clone()) {
            Ok((architecture, _)) => runs_on(architecture),
            Err(_) => {
                let means = variants.iter().flat_map(|variant| variant.as_str().parse());
                means.chain(named).any(runs_on)
            }
        })
    }

    /// Whether a matrix with an unreadable architecture may mean this one.
    fn may_name(&self, keys: &MatrixKeys, wanted: Architecture) -> bool {
        let value = keys.value(&self.matrix, "architecture");
        let text = listed(value);
        let mut words = text.split([' ', ',']);
        value.unknown().is_some() || words.any(|word| word.parse() == Ok(wanted))
    }

    /// Those of its variants that name an architecture. An unreadable one counts only if it may be the wanted one.
    fn architectures(
        &self,
        keys: &MatrixKeys,
        wanted: Architecture,
    ) -> Result<Vec<Variant>, String> {
        let mut all = Vec::new();
        for (key, variant) in keys.variants()? {
            let Ok(means) = variant.as_str().parse::<Architecture>() else {
                continue;
            };
            let value = keys.value(&self.matrix, key);
            let is_64_bit = means == Architecture::X86 && wanted == Architecture::X86_64;
            match truth(value) {
                Ok(true) => all.push(variant),
                Err(why) if means == wanted || is_64_bit => return Err(format!("`{key}`: {why}")),
                Ok(false) | Err(_) => {}
            }
        }
        Ok(all)
    }
}

fn is_32_bit(architecture: Architecture) -> bool {
    use Architecture::{Armv6, Armv7, X86};
    matches!(architecture, X86 | Armv7 | Armv6)
}
