//! Who failed is said by name wherever a verdict is read: what the command prints, its JSON, the manifest, JUnit and HTML.

use std::fs;

use record::bundle::names;
use serde_json::Value as Json;

use crate::common::{Bundle, call};

fn read(bundle: &Bundle, name: &str) -> String {
    fs::read_to_string(bundle.path.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn case<'j>(document: &'j Json, id: &str) -> &'j Json {
    document["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn a_failing_commissioning_tool_is_named_in_every_output() {
    let selected = ["--mutant", "ct-close-one-only", "CT-*"];
    let run = Bundle::run(selected);
    assert_eq!(run.outcome.code, Some(1), "{}", run.outcome.err);
    assert!(run.outcome.out.contains("device (ct): no coap.put from ct"), "{}", run.outcome.out);
    let manifest: Json = serde_json::from_str(&read(&run, "run.json")).unwrap();
    let result: Json = serde_json::from_str(&read(&run, "cases/CT-CLOSE-01/result.json")).unwrap();
    let json = Bundle::run(selected.into_iter().chain(["--json"])).outcome.json();
    for told in [case(&manifest, "CT-CLOSE-01"), &result, case(&json, "CT-CLOSE-01")] {
        assert_eq!((&told["blame"], &told["blamed"]), (&"device".into(), &"ct".into()), "{told}");
    }
    let passed = case(&manifest, "CT-SEL-01");
    assert_eq!((&passed["blame"], passed.get("blamed")), (&Json::Null, None), "who passes is not blamed");
    let junit = read(&run, "junit.xml");
    assert!(junit.contains("blame: device\nblamed: ct\n"), "{junit}");
    for page in [names::PAGE, "cases/CT-CLOSE-01/index.html"] {
        assert!(read(&run, page).contains("blame: device, blamed: ct"), "{page}");
    }
    let judged = call(["judge".as_ref(), "--json".as_ref(), run.path.as_os_str()]).expect(0).json();
    assert_eq!(case(&judged, "CT-CLOSE-01")["blamed"], "ct", "the judge finds the name again in the log");
}

#[test]
fn a_bundle_of_a_version_without_the_name_is_judged_and_a_wrong_name_is_told() {
    let run = Bundle::run(["--mutant", "ct-close-one-only", "CT-CLOSE-01"]);
    // The verdict stands in the manifest and beside the case's log.
    let files = ["run.json", "cases/CT-CLOSE-01/result.json"].map(|name| (name, read(&run, name)));
    let judged = |change: &dyn Fn(&str) -> String| {
        for (name, text) in &files {
            let changed = change(text);
            assert_ne!(&changed, text, "{name}");
            fs::write(run.path.join(name), changed).unwrap();
        }
        call(["judge".as_ref(), "--ignore-digests".as_ref(), "--json".as_ref(), run.path.as_os_str()])
    };
    let without = |text: &str| text.lines().filter(|line| !line.contains("\"blamed\"")).collect::<Vec<_>>().join("\n");
    let older = judged(&without).expect(0).json();
    assert_eq!(case(&older, "CT-CLOSE-01")["reproduced"], true);
    let forged = judged(&|text| text.replace("\"blamed\": \"ct\"", "\"blamed\": \"dut\"")).json();
    let told = case(&forged, "CT-CLOSE-01");
    assert_eq!((&told["reproduced"], &told["blamed"]), (&false.into(), &"ct".into()));
}
