//! Link format: the examples of RFC 6690 5, its grammar, and properties.

use bootrack_wire::Error;
use bootrack_wire::coap::Link;
use proptest::prelude::*;
use rstest::rstest;

/// Documents of RFC 6690 5 and RFC 7252, without the line breaks of their print.
#[rstest]
#[case::sensors(r#"</sensors>;ct=40;title="Sensor Index""#, 1)]
#[case::several(
    r#"</sensors>;ct=40;title="Sensor Index",</sensors/temp>;rt="temperature-c";if="sensor",</sensors/light>;rt="light-lux";if="sensor",<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby",</t>;anchor="/sensors/temp";rel="alternate""#,
    5
)]
#[case::large_file(r#"</firmware/v2.1>;rt="firmware";sz=262144"#, 1)]
#[case::token_value(r#"</sensors/light>;rt="light-lux core.sen-light";if="sensor";obs"#, 1)]
#[case::extended(r#"</x>;title*=UTF-8'de'gr%C3%B6%C3%9Fe;hreflang=de"#, 1)]
#[case::comma_in_quotes(r#"</a>;title="a,b;c<d>",</b>"#, 2)]
#[case::empty("", 0)]
#[case::bare_target("<>", 1)]
fn documents_of_the_specification_parse_and_survive(#[case] document: &str, #[case] count: usize) {
    let links = Link::parse_document(document).unwrap();
    assert_eq!(links.len(), count);
    assert_eq!(Link::parse_document(&Link::document(&links)), Ok(links));
}

#[test]
fn attributes_are_read_in_all_their_forms() {
    let links = Link::parse_document(r#"</x>;rt="a \"b\" c";ct=0;obs;sz=10;rt=later"#).unwrap();
    let [link] = &links[..] else { panic!() };
    assert_eq!(link.target, "/x");
    assert_eq!(link.attribute("rt"), Some("a \"b\" c"), "the first one counts");
    assert_eq!(link.values("rt").collect::<Vec<_>>(), ["a", "\"b\"", "c"]);
    assert_eq!((link.attribute("ct"), link.attribute("sz")), (Some("0"), Some("10")));
    assert_eq!((link.attribute("obs"), link.attribute("if")), (Some(""), None));
    assert!(link.matches("ct", "0") && link.matches("rt", "a"));
}

#[rstest]
#[case::no_bracket("/x", Error::Malformed("link without an angle bracket"))]
#[case::open("</x", Error::Truncated("link target"))]
#[case::comma_at_the_end("</x>,", Error::Truncated("link behind a comma"))]
#[case::two_commas("</x>,,</y>", Error::Malformed("link without an angle bracket"))]
#[case::space("</x> ", Error::Malformed("character behind a link"))]
#[case::no_name("</x>;=1", Error::Malformed("name of a link attribute"))]
#[case::no_value("</x>;rt=", Error::Malformed("value of a link attribute"))]
#[case::open_quote(r#"</x>;rt="a"#, Error::Truncated("quoted value"))]
#[case::escape_at_the_end(r#"</x>;rt="a\"#, Error::Truncated("quoted value"))]
#[case::behind_quote(r#"</x>;rt="a"b"#, Error::Malformed("character behind a link"))]
fn documents_that_break_the_grammar_are_errors(#[case] document: &str, #[case] expected: Error) {
    assert_eq!(Link::parse_document(document), Err(expected));
}

#[test]
fn values_whose_grammar_has_no_quotes_get_none() {
    let mut link = Link::new("/x", "a");
    link.attributes.push(("sz".into(), Some("10".into())));
    link.attributes.push(("title*".into(), Some("UTF-8''x".into())));
    assert_eq!(link.to_string(), r#"</x>;rt="a";sz=10;title*=UTF-8''x"#);
}

fn links() -> impl Strategy<Value = Vec<Link>> {
    let name = prop_oneof!["[a-z][a-z0-9-]{0,8}", Just("sz".to_owned()), Just("title*".to_owned())];
    let value = prop::option::of(any::<String>());
    let attributes = prop::collection::vec((name, value), 0..5);
    let link = ("[^>]{0,20}", attributes).prop_map(|(target, attributes)| Link { target, attributes });
    prop::collection::vec(link, 0..5)
}

proptest! {
    #[test]
    fn every_document_survives_writing_and_reading(links in links()) {
        prop_assert_eq!(Link::parse_document(&Link::document(&links)), Ok(links));
    }

    #[test]
    fn no_text_panics_the_parser(text in any::<String>()) {
        if let Ok(links) = Link::parse_document(&text) {
            prop_assert_eq!(Link::parse_document(&Link::document(&links)), Ok(links));
        }
    }

    #[test]
    fn no_characters_of_the_grammar_panic_the_parser(text in "[</>;=\",\\\\a*%']{0,40}") {
        if let Ok(links) = Link::parse_document(&text) {
            prop_assert_eq!(Link::parse_document(&Link::document(&links)), Ok(links));
        }
    }
}
