//! Tests which images meet a requirement, and which bases a build uses.

use super::*;

#[test]
fn what_is_built_in_its_own_way_keeps_its_base() {
    let wanted = requirement("variants: [a]\nbuild:\n  steps:\n    - run: make");
    let own = |base: Option<&str>| {
        with("capy-ubuntu-25.04-a", |e| {
            e.variants = strings(&["a"]);
            e.base = base.map(str::to_owned);
            e.last_used = day(9);
        })
    };
    let sibling = with("capy-ubuntu-25.04-b", |e| {
        e.variants = strings(&["b"]);
        e.last_used = day(8);
    });
    let (old, new) = (
        with("old", |e| e.last_used = day(1)),
        with("new", |e| e.last_used = day(2)),
    );
    for (own, base) in [
        (own(None), "new"),
        (own(Some("old")), "old"),
        (own(Some("gone")), "new"),
    ] {
        let entries = [own, sibling.clone(), old.clone(), new.clone()];
        let selection = select(&wanted, &entries);
        let chosen = selection.chosen().expect("a base");
        assert_eq!(chosen.entry.name, base);
    }
}

#[test]
fn an_image_lacks_what_its_entry_does_not_prove() {
    let lacks = |rest: &str, entry: &Entry| {
        let candidate = score(&requirement(rest), entry);
        !candidate.meets(AcceptMissing::default())
    };
    let listed = with("x", |e| e.packages = strings(&["libssl-dev"]));
    let built = with("x", |e| {
        e.packages = strings(&["libssl-dev"]);
        e.requested = Some(registry::Requested {
            packages: strings(&["libssl-dev=3.0", "libssl-dev:i386"]),
            tools: vec![],
        });
    });
    for (package, in_listed, in_built) in [
        ("libssl-dev", false, false),
        ("libssl-dev=3.0", true, false),
        ("libssl-dev=3.1", true, true),
        ("libssl-dev:i386", true, false),
    ] {
        let rest = format!("packages: ['{package}']");
        assert_eq!(lacks(&rest, &listed), in_listed, "{package}");
        assert_eq!(lacks(&rest, &built), in_built, "{package}");
    }
    assert!(lacks("tools: [cmake]", &listed));
    assert!(lacks("variants: [asan]", &listed));
    let accepted = |rest: &str, accepted: &str| {
        let accepted = accepted.parse().expect(accepted);
        score(&requirement(rest), &entry("x")).meets(accepted)
    };
    assert!(accepted("packages: [a1]\ntools: [b1]", "packages,tools"));
    assert!(!accepted("packages: [a1]\ntools: [b1]", "packages"));
    assert!(!accepted("tools: [b1]\nvariants: [asan]", "packages,tools"));
    assert!(!accepted("compilers: [clang-20]", "packages,tools"));
}

#[test]
fn a_name_says_variants_too() {
    let wanted = requirement("compilers: [gcc-15]\nvariants: [sdk]");
    for (name, is_met) in [
        ("capy-ubuntu-25.04-sdk", true),
        ("capy-ubuntu-25.04-gcc15-sdk-lto", true),
        ("capy-ubuntu-25.04-sdk2", false),
        ("sdk-ubuntu-25.04-base", false),
        ("sdk", false),
    ] {
        let entry = entry(name);
        let candidate = score(&wanted, &entry);
        assert_eq!(candidate.meets(AcceptMissing::default()), is_met, "{name}");
        // Other variants in its name do not count against it.
        assert_eq!(candidate.unasked, 0, "{name}");
    }
}

#[test]
fn a_clean_base_comes_before_extra_marks() {
    let wanted = requirement("compilers: [clang-15]\ntools: [make]");
    let asan = with("asan", |e| {
        e.variants = strings(&["asan"]);
        e.tools = strings(&["make"]);
    });
    let base = with("base", |e| e.compilers.clear());
    assert_eq!(winner(&wanted, &asan, &base), "base");
    // A compiler without a version is the same compiler.
    let bare = with("bare", |e| e.compilers = strings(&["clang"]));
    assert_eq!(score(&wanted, &bare).unasked, 0);
    assert_eq!(score(&wanted, &asan).unasked, 2);
}

#[test]
fn thirty_two_bits_are_one_thing() {
    let variant = requirement("variants: [x86]");
    let machine = parse_requirements("project: capy\nos: ubuntu:25.04\narchitecture: i686");
    let machine = machine.into_iter().next().expect("one").expect("valid");
    assert_eq!(variant.image_name(), machine.image_name());
    let plain = with("plain", |e| e.compilers.clear());
    let multilib = with("multilib", |e| {
        e.compilers.clear();
        e.variants = strings(&["x86"]);
    });
    let i386 = with("i386", |e| {
        e.compilers.clear();
        e.architecture = "i386".into();
    });
    for wanted in [&variant, &machine] {
        for (entry, met) in [(&plain, false), (&multilib, true), (&i386, true)] {
            assert_eq!(
                select(wanted, [entry]).is_met(),
                met,
                "{} {}",
                wanted.architecture,
                entry.name
            );
        }
    }
    // A build needs a base of the same architecture.
    let more = |wanted: &Requirement| Requirement {
        tools: vec!["cmake".parse().expect("tool")],
        ..wanted.clone()
    };
    let base = |wanted: &Requirement| {
        let selection = select(wanted, [&i386, &plain]);
        selection.chosen().map(|taken| taken.entry.name.clone())
    };
    assert_eq!(base(&more(&variant)).as_deref(), Some("plain"));
    assert_eq!(base(&more(&machine)).as_deref(), Some("i386"));
    // A 32-bit image does not meet a 64-bit requirement.
    assert!(!select(&requirement(""), [&i386]).is_met());
}

#[test]
fn no_image_is_a_base_of_itself() {
    let wanted = requirement("compilers: [gcc-15]\npackages: [a1]");
    let own = "capy-ubuntu-25.04-gcc15";
    let stands_on = |name: &str, base: &str| with(name, |e| e.base = Some(base.into()));
    let entries = [
        entry(own),
        stands_on("above", own),
        stands_on("two above", "above"),
        stands_on("round", "about"),
        stands_on("about", "round"),
    ];
    let base = |entries: &[Entry], rules: &Rules| {
        let entries = entries.iter().collect();
        let selection = select_by(&wanted, entries, rules, &CostData::default());
        selection.chosen().map(|taken| taken.entry.name.clone())
    };
    let rules = Rules::default();
    assert_eq!(base(&entries[..3], &rules), None);
    assert_eq!(base(&entries, &rules).as_deref(), Some("round"));
    // Images that this call plans count as built.
    let planned = Rules {
        planned: [("round".to_owned(), Some(own.to_owned()))].into(),
        ..Rules::default()
    };
    assert_eq!(base(&entries, &planned), None);
    // It was built on the system itself, so it gets no unrequested contents from another base.
    let clean = [
        with(own, |e| {
            e.fingerprint = Some(naming::Digest::from_bytes([1; 32]));
        }),
        with("clang", |e| e.compilers = strings(&["clang-20"])),
    ];
    assert_eq!(base(&clean[1..], &rules).as_deref(), Some("clang"));
    assert_eq!(base(&clean, &rules), None);
}

#[test]
fn a_requirement_for_itself_alone_has_no_image_that_holds_more() {
    let wanted = requirement("packages: [a1]");
    let built_for = |packages: &[&str]| {
        with("x", |e| {
            e.compilers.clear();
            e.packages = strings(&["a1", "b1"]);
            e.requested = Some(registry::Requested {
                packages: strings(packages),
                tools: vec![],
            });
        })
    };
    let unknown = with("x", |e| {
        e.compilers.clear();
        e.packages = strings(&["a1", "b1"]);
    });
    let exact = Rules {
        exact: true,
        ..Rules::default()
    };
    for (entry, met) in [
        (built_for(&["a1"]), true),
        (built_for(&["a1", "b1"]), false),
        (unknown, true),
    ] {
        let selection = select_by(&wanted, vec![&entry], &exact, &CostData::default());
        assert_eq!(selection.is_met(), met);
        assert_eq!(selection.chosen().is_some(), met);
        assert!(select(&wanted, [&entry]).is_met());
    }
}

#[test]
fn what_has_a_fault_is_passed_over_and_only_the_best_are_looked_at() {
    let wanted = requirement("compilers: [gcc-15]\ntools: [cmake]");
    let used = |name: &str, count: u64, has_tool: bool| {
        with(name, |e| {
            e.usage_count = count;
            e.tools = if has_tool {
                strings(&["cmake"])
            } else {
                vec![]
            };
        })
    };
    let entries = [
        used("third", 1, true),
        used("first", 3, true),
        used("base", 9, false),
        used("second", 2, true),
    ];
    for (faulty, taken, looked_at) in [
        (&[][..], Some("first"), &["first"][..]),
        (&["first"], Some("second"), &["first", "second"]),
        (
            &["first", "second", "third"],
            Some("base"),
            &["first", "second", "third", "base"],
        ),
        (
            &["first", "second", "third", "base"],
            None,
            &["first", "second", "third", "base"],
        ),
    ] {
        let seen = std::cell::RefCell::new(Vec::new());
        let fault = |entry: &Entry| {
            seen.borrow_mut().push(entry.name.clone());
            let is_faulty = faulty.contains(&entry.name.as_str());
            is_faulty.then(|| "is stale".to_owned())
        };
        let (rules, known) = (Rules::default(), CostData::default());
        let all = entries.iter().collect();
        let selection = select_sound(&wanted, all, &rules, &known, &fault);
        let name = selection.chosen().map(|it| it.entry.name.as_str());
        assert_eq!(name, taken, "{faulty:?}");
        assert_eq!(*seen.borrow(), looked_at, "{faulty:?}");
        let lines = crate::explain(&wanted, &wanted, &rules, &selection);
        let told = lines
            .iter()
            .filter(|it| it.ends_with("  passed over: is stale"));
        assert_eq!(told.count(), faulty.len(), "{lines:?}");
    }
}
