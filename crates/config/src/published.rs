//! The destination of published images: `images.remote` of the config, or `--to`.

use failure::Failure;
use naming::{ImageName, Reference};

use crate::Config;

/// A registry, and the prefix of image names in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// `registry.example:5000/ci`, without a trailing slash.
    prefix: String,
}

impl Published {
    /// Parses `REGISTRY/PREFIX`, or only a registry.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let prefix = text.trim_end_matches('/');
        let refuse = |why: &str| {
            Failure::invalid(format!("`{text}` is not a destination: it {why}"))
                .with_hint("like registry.example:5000/ci")
        };
        // A name without a registry would mean Docker Hub, probably by mistake.
        let host = prefix.split('/').next().unwrap_or_default();
        if !host.contains(['.', ':']) && host != "localhost" {
            return Err(refuse("names no registry"));
        }
        let probe: Result<Reference, _> = format!("{prefix}/x").parse();
        match probe {
            Ok(_) => Ok(Self {
                prefix: prefix.to_owned(),
            }),
            Err(refused) => Err(refuse(refused.rule())),
        }
    }

    /// The destination in the config.
    pub fn configured(config: &Config) -> Result<Option<Self>, Failure> {
        let Some(setting) = &config.remote else {
            return Ok(None);
        };
        let parsed = Self::parse(&setting.value).map_err(|failure| {
            let path = config.path.as_ref().map_or("", |path| path.as_str());
            failure.about(format!(
                "{path}:{}:{}: `{}`",
                setting.at.line, setting.at.column, setting.key
            ))
        })?;
        Ok(Some(parsed))
    }

    /// The reference of the image with this tag.
    pub fn reference(&self, name: &ImageName, tag: &str) -> Result<Reference, Failure> {
        Ok(format!("{}/{name}:{tag}", self.prefix).parse()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_registry() {
        let name: ImageName = "capy-debian-12-gcc12".parse().expect("a name");
        for (text, expected) in [
            (
                "registry.example:5000/ci",
                "registry.example:5000/ci/capy-debian-12-gcc12:1",
            ),
            ("localhost/", "localhost/capy-debian-12-gcc12:1"),
            ("ghcr.io/a/b//", "ghcr.io/a/b/capy-debian-12-gcc12:1"),
        ] {
            let published = Published::parse(text).expect(text);
            let reference = published.reference(&name, "1").expect("a reference");
            assert_eq!(reference.to_string(), expected);
        }
        for text in [
            "",
            "/",
            "ci",
            "ci/images",
            "registry.example/CI",
            "registry.example/a b",
            "https://registry.example",
        ] {
            let refused = Published::parse(text).expect_err(text);
            assert_eq!(refused.code(), failure::Code::Invalid, "{text}");
        }
    }
}
