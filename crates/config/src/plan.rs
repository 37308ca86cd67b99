//! `plan`: the project's settings for imgplan.

use std::str::FromStr;

use naming::{NameError, Os, ToolName, Variant};
use yaml::{Node, Problem, Tree, Value, text, wrong};

use crate::value::{others, pairs, setting, texts};
use crate::{Setting, UnknownKey};

/// The keys of `plan`.
const KEYS: [&str; 9] = [
    "project",
    "cost",
    "view",
    "accept_missing",
    "names",
    "keys",
    "variants",
    "tools",
    "runners",
];

/// The keys of a workflow's matrix that imgplan understands. `plan.keys` maps a project's other names to them.
pub const MATRIX_KEYS: [&str; 12] = [
    "name",
    "compiler",
    "version",
    "cxxstd",
    "install",
    "architecture",
    "build-cmake",
    "coverage",
    "asan",
    "ubsan",
    "tsan",
    "x86",
];

/// `plan`. A `plan` that is not a mapping belongs to another program.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Planning {
    /// `project`: the project of a workflow's images.
    pub project: Option<Setting<String>>,
    /// `cost`, as `--cost` takes it.
    pub cost: Vec<Setting<String>>,
    /// `view`, as `--view` takes it.
    pub view: Option<Setting<String>>,
    /// `accept_missing`, as `--accept-missing` takes it.
    pub accept_missing: Vec<Setting<String>>,
    /// `names`: whether different requirements get different names.
    pub distinct: Option<bool>,
    /// `keys`: a matrix key, and the key of [`MATRIX_KEYS`] that it means.
    pub keys: Vec<(String, String)>,
    /// `variants`: a matrix key, and the variant that it enables if it is true.
    pub variants: Vec<(String, Variant)>,
    /// `tools`: a matrix key, and the tool that it requires if it is true.
    pub tools: Vec<(String, ToolName)>,
    /// `runners`: a runner's label, and its system.
    pub runners: Vec<(String, Os)>,
}

impl Planning {
    pub(super) fn read(tree: &Tree, unknown: &mut Vec<UnknownKey>) -> Result<Self, Problem> {
        let found = tree.root().pair("plan");
        let node = found.map(|(_, node)| tree.resolve(node));
        let Some(node) = node.filter(|node| matches!(node.value, Value::Map { .. })) else {
            return Ok(Self::default());
        };
        unknown.extend(others("plan", node, &KEYS));
        let word = |key: &'static str, expected: &'static str| {
            setting(tree, node, key, move |node, key| {
                let found = text(node).filter(|text| !text.is_empty());
                let found = found.ok_or_else(|| wrong(key, expected, node));
                found.map(str::to_owned)
            })
        };
        Ok(Self {
            project: word("plan.project", "a project's name")?,
            cost: texts(tree, node, "plan.cost")?,
            view: word("plan.view", "archives, engine or both")?,
            accept_missing: texts(tree, node, "plan.accept_missing")?,
            distinct: setting(tree, node, "plan.names", |node, key| match text(node) {
                Some("distinct") => Ok(true),
                Some("shared") => Ok(false),
                _ => Err(wrong(key, "distinct or shared", node)),
            })?
            .map(|distinct| distinct.value),
            keys: pairs(
                tree,
                node,
                "plan.keys",
                |key, text, node| match MATRIX_KEYS.contains(&text) {
                    true => Ok(text.to_owned()),
                    false => Err(wrong(
                        key,
                        &format!("one of {}", MATRIX_KEYS.join(", ")),
                        node,
                    )),
                },
            )?,
            variants: pairs(tree, node, "plan.variants", named)?,
            tools: pairs(tree, node, "plan.tools", named)?,
            runners: pairs(tree, node, "plan.runners", named)?,
        })
    }
}

/// A text that follows its own grammar.
fn named<T: FromStr<Err = NameError>>(key: &str, text: &str, node: &Node) -> Result<T, Problem> {
    text.parse().map_err(|error: NameError| Problem {
        hint: error.hint().map(str::to_owned),
        ..Problem::new(node.at, format!("{key}: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use crate::Config;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse("c.yml".into(), text).map_err(|error| error.to_string())
    }

    #[test]
    fn says_what_keys_mean() {
        let text = "plan:
  project: capy
  cost: [missing, 'newest,bytes']
  accept_missing: [packages, tools]
  names: distinct
  view: both
  keys: {toolset: compiler, deps: install}
  variants: {lto: lto, cov: coverage}
  tools: {use-ninja: ninja}
  runners: {big: 'ubuntu:24.04'}
  kees: {}
";
        let config = parse(text).expect("a config");
        let plan = &config.plan;
        let project = plan.project.as_ref().map(|project| project.value.as_str());
        assert_eq!(project, Some("capy"));
        let cost: Vec<_> = plan.cost.iter().map(|cost| cost.value.as_str()).collect();
        assert_eq!(cost, ["missing", "newest,bytes"]);
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            plan.keys,
            [pair("toolset", "compiler"), pair("deps", "install")]
        );
        assert_eq!(plan.variants[1].1.as_str(), "cov");
        assert_eq!(plan.tools[0].1.as_str(), "ninja");
        assert_eq!(plan.runners[0].1.to_string(), "ubuntu:24.04");
        let warnings: Vec<_> = config.warnings().collect();
        assert!(
            warnings[0].starts_with("c.yml:11:3: `plan.kees` is unknown"),
            "{warnings:?}"
        );
        assert!(
            warnings[0].ends_with("did you mean `plan.keys`?"),
            "{warnings:?}"
        );
        assert_eq!(plan.distinct, Some(true));
        let accepted = plan.accept_missing.iter().map(|it| it.value.as_str());
        assert_eq!(accepted.collect::<Vec<_>>(), ["packages", "tools"]);
    }

    #[test]
    fn what_is_wrong_has_its_place_and_what_is_not_ours_none() {
        for text in ["plan: pro", "plan: [a]", "plan:\n", "plan: {}", ""] {
            let config = parse(text).expect(text);
            assert_eq!(config.plan, super::Planning::default(), "{text}");
        }
        for (text, says) in [
            ("plan: {project: 7}", "c.yml:1:17: `plan.project` must be"),
            (
                "plan: {keys: [a]}",
                "c.yml:1:14: `plan.keys` must be a mapping",
            ),
            (
                "plan: {keys: {a: b}}",
                "c.yml:1:18: `plan.keys.a` must be one of name, compiler",
            ),
            (
                "plan: {keys: {a: 7}}",
                "c.yml:1:18: `plan.keys.a` must be a text",
            ),
            (
                "plan: {variants: {a: 'x;y'}}",
                "c.yml:1:22: `plan.variants.a`: variant",
            ),
            (
                "plan: {tools: {a: '-x'}}",
                "c.yml:1:19: `plan.tools.a`: tool",
            ),
            (
                "plan: {runners: {a: '/'}}",
                "c.yml:1:21: `plan.runners.a`: operating",
            ),
            ("plan: {cost: [7]}", "c.yml:1:15: `plan.cost` must be"),
            (
                "plan: {names: unique}",
                "c.yml:1:15: `plan.names` must be distinct or shared, not `unique`",
            ),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.starts_with(says), "{error}");
        }
    }
}
