use camino::{Utf8Path, Utf8PathBuf};

use super::*;
use crate::asked::words;

fn plans(text: &str) -> Vec<Plan> {
    plan::Plans::new(text.as_bytes())
        .map(|plan| plan.expect("a plan"))
        .collect()
}

fn store() -> (tempfile::TempDir, Utf8PathBuf, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(folder.path())
        .expect("UTF-8")
        .to_owned();
    let store = Store::locate(&root, None);
    (folder, root, store)
}

fn matrix<'a>(plans: &'a [Plan], store: &Store) -> Matrix<'a> {
    let registry = store.read_or_empty().expect("a registry");
    Matrix::of(plans, store, &registry).expect("a matrix")
}

#[test]
fn images_are_built_once_and_bases_first() {
    let (_folder, root, store) = store();
    let base = root.join("images/../images/p/p-debian-12-base.tar");
    let text = format!(
        r#"{{"name":"p-debian-12-a","job":"A","best_base_image_path":"{base}"}}
        {{"name":"p-debian-12-a","job":"B","best_base_image_path":"{base}"}}
        {{"name":"p-debian-12-base","base_image":"debian:12"}}
        {{"name":"p-debian-12-c","job":"C","base_image":"p-debian-12-a"}}
        {{"name":"p-debian-12-a","job":"D","best_base_image_path":"{base}","missing":{{"packages":["git"]}}}}
        {{"best_image_path":"x.tar"}}
        {{"best_image_path":"x.tar","job":"E"}}
        {{"name":"p-debian-12-x","base_image":"p-debian-12-y"}}
        {{"name":"p-debian-12-y","base_image":"p-debian-12-x"}}"#
    );
    let plans = plans(&text);
    let matrix = matrix(&plans, &store);
    assert_eq!(matrix.image_of, [0, 0, 1, 2, 0, 3, 3, 4, 5]);
    assert_eq!(
        matrix.after,
        [vec![1], vec![], vec![0], vec![], vec![], vec![]]
    );
    assert!(matrix.images.iter().all(|image| image.refused.is_none()));
    assert_eq!(words(&matrix.plan(0).to_install()).as_deref(), Some("git"));
    assert_eq!(matrix.affected(1), ["A", "B", "p-debian-12-base", "C", "D"]);
    assert_eq!(matrix.affected(2), ["C"]);
    assert_eq!(matrix.affected(3), ["x.tar", "E"]);
}

#[test]
fn plans_of_one_name_that_are_no_one_image_are_refused_by_both_names() {
    let (_folder, root, store) = store();
    let base = root.join("images/p/p-debian-12-base.tar");
    let text = format!(
        r#"{{"name":"p-debian-12-a","job":"A","best_base_image_path":"{base}"}}
        {{"name":"p-debian-12-a","base_image":"debian:12"}}
        {{"name":"p-debian-12-b","base_image":"debian:12"}}
        {{"name":"p-debian-12-b","base_image":"docker.io/library/debian:12"}}
        {{"name":"p-debian-12-b","base_image":"acme/debian:12"}}"#
    );
    let plans = plans(&text);
    let matrix = matrix(&plans, &store);
    let told: Vec<_> = matrix
        .images
        .iter()
        .map(|image| image.refused.as_ref().map(ToString::to_string))
        .collect();
    for (told, says) in told.iter().zip([
        "p-debian-12-a: A (plan 1) and plan 2 have different base images",
        "p-debian-12-b: plan 3 and plan 5 have different base images",
    ]) {
        assert!(
            told.as_ref().is_some_and(|told| told.starts_with(says)),
            "{told:?}"
        );
    }
}

#[test]
fn what_was_found_in_an_image_is_kept_when_that_is_built_again() {
    let (_folder, root, store) = store();
    let path = root.join("images/p/p-debian-12-gcc12.tar");
    let wanted = |package: &str| {
        format!(
            r#""requirements":{{"project":"p","os":"debian:12","compilers":["gcc-12"],"packages":["{package}"]}}"#
        )
    };
    for exact in ["", r#","exact":true"#] {
        let text = format!(
            r#"{{"name":"p-debian-12-gcc12","job":"A","best_image_path":"{path}","needs_build":false,{}}}
            {{"name":"p-debian-12-gcc12","job":"B","base_image":"debian:12",{}{exact}}}"#,
            wanted("git"),
            wanted("curl"),
        );
        let plans = plans(&text);
        let matrix = matrix(&plans, &store);
        assert_eq!(matrix.after, [vec![1], vec![]]);
        assert_eq!(matrix.affected(1), ["B"]);
        let refused = matrix.images[1].refused.is_some();
        assert_eq!(refused, !exact.is_empty());
        let all = words(&matrix.plan(1).to_install());
        let expected = ["gcc-12, curl, git", "gcc-12, curl"][usize::from(refused)];
        assert_eq!(all.as_deref(), Some(expected));
    }
}

#[test]
fn images_that_a_build_file_names_are_built_before() {
    let (_folder, root, store) = store();
    std::fs::create_dir_all(root.join("images/p")).expect("a folder");
    let write = |file: &str, text: &str| std::fs::write(root.join(file), text).expect("a file");
    write(
        "images/p/Dockerfile.p-debian-12-a",
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY --from=p-debian-12-tools /x /x\n",
    );
    write("b.Dockerfile", "ARG V=a\nFROM p-debian-12-$V\n");
    write("wrong.Dockerfile", "RUN p-debian-12-a\n");
    let text = r#"{"name":"p-debian-12-b","build":{"dockerfile":"ROOT/b.Dockerfile"}}
        {"name":"p-debian-12-c","build":{"dockerfile":"ROOT/b.Dockerfile","args":{"V":"tools"}}}
        {"name":"p-debian-12-a","base_image":"debian:12"}
        {"name":"p-debian-12-tools","base_image":"debian:12"}
        {"name":"p-debian-12-d","build":{"dockerfile":"ROOT/wrong.Dockerfile"}}"#;
    let plans = plans(&text.replace("ROOT", root.as_str()));
    let matrix = matrix(&plans, &store);
    assert_eq!(matrix.after, [vec![2], vec![3], vec![3], vec![], vec![]]);
}
