//! References in the form of `skopeo`.

use naming::Reference;

/// `docker://REPOSITORY@DIGEST` if a digest is pinned, else `docker://REPOSITORY:TAG`. Versions before 1.14 refuse a
/// tag together with a digest.
pub(crate) fn docker(reference: &Reference) -> String {
    let repository = reference.repository();
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => format!("docker://{repository}@{digest}"),
        (None, Some(tag)) => format!("docker://{repository}:{tag}"),
        (None, None) => format!("docker://{repository}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_goes_before_a_tag() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, expected) in [
            (
                "x".to_owned(),
                "docker://docker.io/library/x:latest".to_owned(),
            ),
            (
                "r.example:5000/a/b:1".to_owned(),
                "docker://r.example:5000/a/b:1".to_owned(),
            ),
            (
                format!("r.example/b:1@{digest}"),
                format!("docker://r.example/b@{digest}"),
            ),
        ] {
            assert_eq!(docker(&text.parse().expect("a reference")), expected);
        }
    }
}
