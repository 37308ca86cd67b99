use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Vec<String>, String> {
    let written = SpannedValue::parse("m.yml".into(), text).expect(text);
    let made = combinations(&written).map_err(|(at, why)| format!("{}: {why}", at.line))?;
    let line = |one: Combination| {
        let ExprValue::Map(pairs) = one.values else {
            panic!("no mapping");
        };
        let pairs = pairs
            .iter()
            .map(|(key, value)| format!("{key}={}", value.text()));
        pairs.collect::<Vec<_>>().join(" ")
    };
    Ok(made.into_iter().map(line).collect())
}

#[test]
fn axes_make_their_product_the_first_slowest() {
    assert_eq!(
        read("os: [a, b]\nv: [1, 2, 3]").expect("read"),
        [
            "os=a v=1", "os=a v=2", "os=a v=3", "os=b v=1", "os=b v=2", "os=b v=3"
        ]
    );
}

#[test]
fn exclude_goes_by_what_it_says() {
    let axes = "os: [a, b]\nv: [1, 2]\nw: [x, y]\n";
    for (exclude, left) in [
        ("{os: a}", 4),
        ("{os: a, v: 1}", 6),
        ("{os: a, v: '1', w: X}", 7),
        ("{os: c}", 8),
    ] {
        let made = read(&format!("{axes}exclude: [{exclude}]")).expect(exclude);
        assert_eq!(made.len(), left, "{exclude}");
    }
    let back = read("os: [a]\nv: [1]\nexclude: [{os: a}]\ninclude: [{os: a, v: 1}]");
    assert_eq!(back.expect("included again"), ["os=a v=1"]);
}

/// The rules of `include`: added to all, to some, overwritten, on its own.
#[test]
fn include_adds_and_never_overwrites_an_axis() {
    let made = read(
        "compiler: [gcc, clang]
std: [17, 20]
include:
- {warn: high}
- {warn: low, compiler: gcc}
- {compiler: clang, std: 20, modules: true}
- {compiler: icc}
- {compiler: icc, std: 17}
- {STD: '17', note: old}
",
    );
    assert_eq!(
        made.expect("read"),
        [
            "compiler=gcc std=17 warn=low note=old",
            "compiler=gcc std=20 warn=low",
            "compiler=clang std=17 warn=high note=old",
            "compiler=clang std=20 warn=high modules=true",
            "compiler=icc",
            "compiler=icc std=17",
        ]
    );
}

#[test]
fn include_alone_is_a_list_of_jobs() {
    let text = "include:\n- {name: a, v: 1}\n- {name: b}\n- {name: a, v: 1}\n";
    assert_eq!(
        read(text).expect("read"),
        ["name=a v=1", "name=b", "name=a v=1"]
    );
}

#[test]
fn a_matrix_may_come_from_json() {
    let text = ">-\n  ${{ fromJSON('{\"v\": [1, 2], \"a\": [0], \"include\": [{\"v\": 3}]}') }}\n";
    assert_eq!(read(text).expect("read"), ["v=1 a=0", "v=2 a=0", "v=3"]);
    assert_eq!(
        read("v: ${{ fromJSON('[7, 8]') }}\nw: [x]").expect("read"),
        ["v=7 w=x", "v=8 w=x"]
    );
}

#[test]
fn what_can_not_be_read_is_said_with_its_place() {
    let large = format!("a: [{0}]\nb: [{0}]\nc: [{0}]", "1,".repeat(100));
    let wide = format!("a: [{}]\nb: [[{}]]", "1,".repeat(1_000), "x,".repeat(1_000));
    for (text, says) in [
        (
            "${{ fromJSON(needs.a.outputs.m) }}",
            "1: `${{ fromJSON(needs.a.outputs.m) }}` is known only",
        ),
        ("a: 1\n", "1: `a` of the matrix is not a list"),
        ("b: [1]\na: []\n", "2: the axis `a`"),
        (
            "a: [1]\ninclude: ${{ inputs.x }}",
            "2: `${{ inputs.x }}` is known only",
        ),
        (
            "a: [1]\ninclude:\n- {b: 1}\n- 7\n",
            "4: an entry of `include`",
        ),
        ("a: [1]\nexclude: [{b: 1}]", "2: `exclude` names `b`"),
        (
            "a: ['${{ vars.x }}']\nexclude: [{a: 1}]",
            "2: `${{ vars.x }}` is known only",
        ),
        (
            "a: [1]\nexclude: [{a: 1}]",
            "1: the matrix has no combinations",
        ),
        ("7", "1: `strategy.matrix` is not a mapping"),
        (&large, "1: the matrix has more than"),
        (&wide, "1: the matrix has more than"),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.starts_with(says), "{error}");
    }
    // An unused key may have any value.
    assert!(read("a: ['${{ vars.x }}', 2]").is_ok());
}

proptest! {
    /// Each original combination stays unless excluded, in order, with its axis values.
    #[test]
    fn axis_values_stay(a in 1usize..4, b in 1usize..4, includes in proptest::collection::vec((0usize..5, 0usize..5), 0..6)) {
        let axis = |count: usize| (0..count).map(|v| v.to_string()).collect::<Vec<_>>().join(", ");
        let lines: String = includes.iter().map(|(a, b)| format!("- {{a: {a}, b: {b}, x: {a}{b}}}\n")).collect();
        let include = if lines.is_empty() { String::new() } else { format!("include:\n{lines}") };
        let made = read(&format!("a: [{}]\nb: [{}]\n{include}", axis(a), axis(b))).expect("read");
        for (at, one) in made.iter().take(a * b).enumerate() {
            let begins = format!("a={} b={}", at / b, at % b);
            prop_assert!(one.starts_with(&begins), "{one}");
        }
        let own = includes.iter().filter(|(x, y)| *x >= a || *y >= b).count();
        prop_assert_eq!(made.len(), a * b + own);
    }
}
