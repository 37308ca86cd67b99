//! Damaged archives, each from a seed.

use naming::Digest;

use crate::damage::{damage, edited};
use crate::dice::Dice;
use crate::image::image;
use crate::packing::{Packing, compress};
use crate::tar::Tar;

/// An archive that is damaged, or was made from an invalid image.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// The archive.
    pub bytes: Vec<u8>,
    /// The sound archive of its base, if it is thin.
    pub base: Option<Vec<u8>>,
    /// The sound image that it was made from.
    pub image_id: Digest,
}

impl Mutant {
    /// The archive of this seed. About one in five is sound after all.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut layers = layers();
        let base = image(layers[..2].to_vec());
        // The first again: classic archives link to it.
        layers.push(layers[0].clone());
        let mut image = image(layers);
        let image_id = image.image_id();
        // One in three is wrong from the start, with otherwise correct digests.
        match dice.below(6) {
            0 => image.config = edited(&image.config, &mut dice),
            1 => {
                let which = dice.below(image.layers.len());
                let at = dice.below(image.layers[which].len());
                image.layers[which][at] ^= 1 << dice.below(8);
            }
            _ => {}
        }
        let packing = *dice.pick(&Packing::ALL);
        let mut thin = None;
        let plain = match dice.below(4) {
            0 => image.classic(),
            1 => image.oci(packing),
            2 => image.both(packing),
            _ => {
                thin = Some(base.oci(packing));
                image.thin(packing, &base)
            }
        };
        // The archive's own compression is applied after the damage, or damaged itself.
        let around = *dice.pick(&Packing::ALL);
        let bytes = match dice.below(8) {
            0 => damage(compress(around, &plain), &mut dice),
            1 => compress(around, &plain),
            2..=4 => compress(around, &damage(plain, &mut dice)),
            _ => damage(plain, &mut dice),
        };
        Self {
            bytes,
            base: thin,
            image_id,
        }
    }
}

/// Three layers, some kilobytes long.
fn layers() -> Vec<Vec<u8>> {
    let mut dice = Dice::new(0);
    let layers = ["etc", "base", "top"].iter().map(|name| {
        let length = 1000 + dice.below(4000);
        let tar = Tar::new().folder(name);
        let noise = tar.file(&format!("{name}/noise"), dice.bytes(length));
        noise
            .file(&format!("{name}/zeros"), vec![0; 5000])
            .symlink(&format!("{name}/link"), "noise")
            .bytes()
    });
    layers.collect()
}
