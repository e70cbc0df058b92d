use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Expression, ExpressionError, MAX_BYTES, MAX_CHAIN, MAX_LIST, MAX_NESTING, MAX_PATTERN, MAX_TOKENS, Verdict,
};
use crate::rule::{Facts, Rule, RuleSet, Vocabulary};

fn compile(text: &str) -> Result<Expression, ExpressionError> {
    Expression::compile(text, &Vocabulary::RULES)
}

fn refusal(text: &str) -> String {
    compile(text).unwrap_err().to_string()
}

fn service() -> Value {
    let words: Vec<String> = (0..MAX_LIST).map(|n| format!("word{n}")).collect();
    json!({
        "port": 8883, "module": "mqtt", "tags": words, "banner": "MQTT Connection Code: 0\n",
        "mqtt": {"code": 0, "messages": [{"topic": "a", "payload": "x"}, {"topic": "b", "payload": null}]},
        "snmp": {"location": null, "uptime": "123", "long": vec![1; MAX_LIST + 1], "big": u64::MAX, "half": 0.5},
        "vnc": {"security_types": {"1": "None"}},
    })
}

fn judge(text: &str) -> Verdict {
    let service = service();
    compile(text).unwrap_or_else(|error| panic!("{text}: {error}")).evaluate(&Facts::new().json("service", &service))
}

/// Compiles and judges on a stack as small as a thread may have.
fn on_a_small_stack(text: String) -> (Verdict, Duration) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    let job = move || {
        let banner = "a".repeat(4096);
        let mut service = service();
        service["banner"] = banner.into();
        let expression = compile(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let facts = Facts::new().json("service", &service);
        let _ = expression.evaluate(&facts);
        let started = Instant::now();
        (expression.evaluate(&facts), started.elapsed())
    };
    thread.spawn(job).unwrap().join().unwrap()
}

#[test]
fn says_what_is_true_and_what_is_not() {
    let cases = [
        ("service.port == 8883 && service.module == 'mqtt'", true),
        ("service.port in [1883, 8883]", true),
        ("'word7' in service.tags", true),
        ("service.tags.exists(t, t == 'none')", false),
        ("service.tags.all(t, t.startsWith('word'))", true),
        ("size(service.tags) == 256 && service.tags.size() > 1", true),
        ("service.mqtt.messages[0].topic == 'a'", true),
        ("'1' in service.vnc.security_types && service.vnc.security_types['1'] == 'None'", true),
        ("service.banner.lowerAscii().contains('connection code')", true),
        ("service.banner.upperAscii().startsWith('MQTT C')", true),
        (r"service.banner.matches(r'Code: \d\s')", true),
        (r"service.banner.matches('^\\d')", false),
        ("has(service.snmp.uptime) && !has(service.snmp.location)", true),
        ("int(service.snmp.uptime) + 1 == 124", true),
        ("service.snmp.big > 5 && service.snmp.half < 1.0", true),
        ("service.port > 8000 ? service.mqtt.code == 0 : false", true),
        ("size(service.tags.filter(t, t.endsWith('9'))) == 25", true),
        ("// a comment\n!(service.port == 1)", true),
        ("has(service.mqtt) && !has(service.tls) && !has(host.ip)", true),
    ];
    for (text, expected) in cases {
        let verdict = if expected { Verdict::Match } else { Verdict::NoMatch };
        assert_eq!(judge(text), verdict, "{text}");
    }
}

#[test]
fn a_missing_field_is_no_match_and_any_other_failure_is_undecided() {
    for missing in [
        "service.product == 'x'",
        "service.product != 'x'",
        "!(service.redis.server.version == '1')",
        "service.snmp.location == 'roof'",
        "service.mqtt.messages[7].topic == 'a'",
        "host.os == 'Linux'",
        "service.mqtt.messages.exists(m, m.payload == 'y')",
    ] {
        assert_eq!(judge(missing), Verdict::NoMatch, "{missing}");
    }
    for (failing, why) in [
        ("service.port", "int"),
        ("service.banner.contains(service.port)", "contains"),
        ("service.port > 'x'", "overload"),
        ("9223372036854775807 + service.port > 0", "verflow"),
        ("service.port / service.mqtt.code > 0", "zero"),
        ("service.mqtt.code.exists(x, x == 1)", "iterable"),
        ("service.port.matches('8')", "String"),
        ("int(service.banner) == 1", ""),
    ] {
        let verdict = judge(failing);
        assert!(matches!(&verdict, Verdict::Undecided(reason) if reason.contains(why)), "{failing}: {verdict:?}");
    }
    assert_eq!(judge("service.product == 'x' || service.port == 8883"), Verdict::Match, "one half is enough");
}

#[test]
fn a_list_that_is_too_long_is_undecided_as_soon_as_it_is_touched() {
    assert_eq!(judge("size(service.tags) == 256"), Verdict::Match);
    assert_eq!(judge("has(service.snmp.long)"), Verdict::Match);
    assert_eq!(judge("service.snmp.uptime == '123'"), Verdict::Match, "what lies beside it can be told");
    for touching in ["size(service.snmp.long) > 1", "1 in service.snmp.long", "service.snmp.long.exists(x, x == 1)"] {
        let verdict = judge(touching);
        assert!(matches!(&verdict, Verdict::Undecided(why) if why.contains("more than 256 items")), "{verdict:?}");
    }
}

#[test]
fn a_typo_is_refused_with_its_place_and_a_suggestion() {
    let cases = [
        ("service.porrt == 1", "line 1, column 9: unknown field \"porrt\" in service: did you mean \"port\"?"),
        ("true &&\n  servce.port == 1", "line 2, column 3: unknown name \"servce\": did you mean \"service\"?"),
        ("service.tls.expird", "line 1, column 13: unknown field \"expird\" in service.tls: did you mean \"expired\"?"),
        (
            "'é' == service.banner.startWith('x')",
            "column 23: unknown function \"startWith\": did you mean \"startsWith\"?",
        ),
        ("sizes(service.tags) > 1", "column 1: unknown function \"sizes\": did you mean \"size\"?"),
        ("finding.severity == 'LOW'", "column 1: unknown name \"finding\": there are service, host, asset"),
        ("service.port.x == 1", "column 14: service.port is a number and has no field \"x\""),
        ("service == 1", "column 1: say which field of service"),
        ("service.tls == 1", "say which field of service.tls"),
        ("service.product == null", "see has()"),
        ("service.tags.exists(t, s == 1)", "column 24: unknown name \"s\""),
        ("service.tags.exists(t, t == 'a') && t == 'b'", "column 37: unknown name \"t\""),
        ("service['port'] == 1", "say which field of service"),
    ];
    for (text, expected) in cases {
        let message = refusal(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn names_the_place_of_a_typo_itself_not_of_its_root() {
    let error = compile("host.ip == '1' &&\n  service.tls.expird").unwrap_err();
    assert_eq!((error.line, error.column), (2, 15));
}

#[test]
fn triggers_have_a_vocabulary_of_their_own() {
    let text = "finding.severity == 'CRITICAL' && 'plc' in asset.tags && event.type != 'test'";
    let trigger = Expression::compile(text, &Vocabulary::TRIGGERS).unwrap();
    assert_eq!(trigger.fields(), ["asset.tags", "event.type", "finding.severity"]);
    let (event, finding, asset) = (json!({"type": "x"}), json!({"severity": "CRITICAL"}), json!({"tags": ["plc"]}));
    let facts = Facts::new().json("event", &event).json("finding", &finding).json("asset", &asset);
    assert_eq!(trigger.evaluate(&facts), Verdict::Match);
    let about_no_finding = Facts::new().json("event", &event).json("asset", &asset);
    assert_eq!(trigger.evaluate(&about_no_finding), Verdict::NoMatch);
    assert!(Expression::compile("service.port == 1", &Vocabulary::TRIGGERS).is_err());
}

#[test]
fn what_is_not_needed_is_not_allowed() {
    for text in [
        "{'a': 1}.a == 1",
        "service.?port == 1",
        "[?service.port] == []",
        "b'x' == b'x'",
        "'''x''' == 'x'",
        "type(service.port) == int",
        "dyn(1) == 1",
        "service.banner.split(' ') == []",
        "size(service.tags.map(t, t + 'x')) > 1",
        "service.`port` == 1",
        "optional.of(1).hasValue()",
        "service.tags.exists(service, true)",
        "service.tags.exists(true)",
        "has(service)",
        "has(1)",
        "matches(service.banner, 'x')",
        "service.tags.exists.x",
        "",
        " ",
        "(",
        ")",
        "1 +",
        "a.b.",
        ".service.port == 1",
        "int",
        "'\\q' == ''",
    ] {
        assert!(compile(text).is_err(), "{text}");
    }
}

#[test]
fn limits_hold_on_both_sides_of_the_line() {
    let fill = |n: usize| format!("'{}' == ''", "x".repeat(n - 8));
    assert!(compile(&fill(MAX_BYTES)).is_ok());
    assert!(refusal(&fill(MAX_BYTES + 1)).contains("longer than 1024 bytes"));

    // A term and its && are 2 tokens; the last has none.
    let terms = |n: usize| vec!["true"; n].join("&&");
    assert!(compile(&terms(MAX_TOKENS / 2)).is_ok());
    assert!(refusal(&terms(MAX_TOKENS / 2 + 1)).contains("more than 200 names"));

    let nested = |n: usize| format!("{}true{}", "(".repeat(n), ")".repeat(n));
    assert!(compile(&nested(MAX_NESTING)).is_ok());
    assert!(refusal(&nested(MAX_NESTING + 1)).contains("column 17: more than 16 brackets"));
    let conditions = |n: usize| format!("{}true", "true ? false : ".repeat(n));
    assert!(compile(&conditions(MAX_NESTING)).is_ok());
    assert!(refusal(&conditions(MAX_NESTING + 1)).contains("more than 16 brackets or conditions"));

    let chain = |n: usize| format!("1{} == 1", "+1".repeat(n - 1));
    assert!(compile(&chain(MAX_CHAIN)).is_ok());
    assert!(refusal(&chain(MAX_CHAIN + 1)).contains("more than 32 operators"));
    let deep = |n: usize| format!("service.mqtt{} == 1", ".a".repeat(n - 2));
    assert!(compile(&deep(MAX_CHAIN)).is_ok() && compile(&deep(MAX_CHAIN + 1)).is_err());

    let pattern = |n: usize| format!("service.banner.matches('[{}]')", "x".repeat(n - 2));
    assert!(compile(&pattern(MAX_PATTERN)).is_ok());
    assert!(refusal(&pattern(MAX_PATTERN + 1)).contains("more than 256 bytes"));
}

#[test]
fn chains_add_up_over_brackets() {
    let text = format!("{}1{} == 1", "(".repeat(8), "+1+1+1+1)".repeat(8));
    assert!(refusal(&text).contains("more than 32 operators"), "{}", refusal(&text));
}

#[test]
fn macros_stand_alone() {
    let inside = "service.tags.all(a, service.tags.all(b, a == b))";
    assert!(refusal(inside).contains("column 34: all within another macro"), "{}", refusal(inside));
    assert!(compile("service.tags.all(a, a == '') || service.tags.all(b, b == '')").is_ok());
    assert!(refusal("service.tags.filter(a, a != '').exists(b, b == '')").contains("computed"));
    assert!(refusal("(service.tags + service.tags).exists(b, b == '')").contains("computed"));
}

#[test]
fn a_pattern_stands_in_the_expression_and_is_small() {
    assert!(refusal("service.banner.matches(service.module)").contains("must be a text that stands here"));
    assert!(refusal("service.banner.matches('(')").contains("cannot be used"));
    assert!(refusal("service.banner.matches('(a{90}){90}')").contains("cannot be used"));
    assert!(refusal("service.banner.matches('a', 'b')").contains("one pattern"));
    assert!(refusal(&format!("service.banner.matches('{}')", "x".repeat(256))).contains("size limit"));
    let groups = |n: usize| format!("service.banner.matches('{}a{}')", "(".repeat(n), ")".repeat(n));
    assert!(compile(&groups(16)).is_ok() && compile(&groups(17)).is_err());
}

#[test]
fn work_is_charged_before_it_is_done() {
    assert!(compile("service.tags.exists(t, t.contains('a') || t.contains('b') || t.contains('c'))").is_ok());
    assert!(refusal("service.tags.exists(t, service.http == service.ssl && service.ssl == service.vnc && service.smb == service.ftp)").contains("too much work"));
    assert!(refusal("service.tags.map(t, service.http) == []").contains("too much work"));
    assert!(compile("['a', 'b', 'c'].exists(word, service.banner.contains(word))").is_ok());
}

/// As many terms as the limits allow.
fn most(before: &str, term: &str, between: &str, after: &str) -> String {
    let text = |n: usize| format!("{before}{}{after}", vec![term; n].join(between));
    (1..MAX_TOKENS).rev().map(text).find(|text| compile(text).is_ok()).unwrap()
}

/// The most that the limits allow, of several kinds: neither the stack nor the patience of a poll may give out.
fn worst_cases() -> Vec<String> {
    let nest = |open: &str, inner: &str, close: &str, after: &str| {
        let text = |n: usize| format!("{}{inner}{}{after}", open.repeat(n), close.repeat(n));
        (1..=MAX_CHAIN).rev().map(text).find(|text| compile(text).is_ok()).unwrap()
    };
    vec![
        most("", "1", "+", " == 1"),
        most("", "service.port", "<", ""),
        nest("!(", "true", ")", ""),
        nest("[", "1", "]", " == []"),
        nest("size([", "1", "])", " > 0"),
        nest("1 in [", "1", "]", ""),
        nest("(1+", "1", ")", " == 1"),
        nest("(", "1", "+1)", " == 1"),
        nest("string(", "1", ")", " == ''"),
        nest("true ? true : ", "true", "", ""),
        nest("(true ? true : ", "true", ")", ""),
        nest("has(service.mqtt) && !(", "true", ")", ""),
        most("service.mqtt", "[0]", "", " == 1"),
        most("service.mqtt", ".a", "", " == 1"),
        most("", "!", "", "true"),
        most("", "service.banner.contains('b')", "||", ""),
        most("", "service.banner == service.product", "||", ""),
        most("", "'x' in service.tags", "||", ""),
        most("service.banner", "+service.banner", "", " == ''"),
        most("", "service.tags.exists(t, t == 'a')", "||", ""),
        most("service.tags.exists(t, ", "t.contains('zz')", "||", ")"),
        most("service.tags.exists(t, ", "t.lowerAscii() == 'x'", "||", ")"),
        most("service.tags.exists(t, ", "t in ['a', 'b', 'c', 'd', 'e', 'f']", "||", ")"),
        most("service.tags.exists(t, ", "service.port == 1", "||", ")"),
        most("service.tags.exists(t, ", "service.banner.contains('b')", "||", ")"),
        most("service.tags.exists(t, ", "t in service.tags || t == 'x'", "||", ")"),
        most("service.tags.filter(t, ", "service.banner.lowerAscii() != ''", "||", ") == []"),
        most("[", "'word'", ",", "].exists(t, service.banner.contains(t))"),
        most("", "service.banner.matches('(?:a?){8}a{8}b')", "||", ""),
        most("", r"service.banner.matches('(.*)(.*)(.*)b$')", "||", ""),
        "service.banner.matches('(?:a?){24}a{24}b')".into(),
        "service.banner.matches('(?i)(a|b|ab|[a-z]+|.)*zz$')".into(),
        "service.tags.exists(t, service.banner.matches('(?:a|aa|aaa)+b'))".into(),
        most("service.tags.exists(t, ", "t.matches('^(?:[a-z]+[0-9]*)+x$')", "||", ")"),
    ]
}

#[test]
fn the_worst_within_the_limits_fits_a_small_stack() {
    for text in worst_cases() {
        let _ = on_a_small_stack(text);
    }
}

/// Without optimisation these numbers say little: ten times the 5 ms of a release build.
#[test]
fn the_worst_within_the_limits_is_quick() {
    let allowed = if cfg!(debug_assertions) { Duration::from_millis(50) } else { Duration::from_millis(5) };
    for text in worst_cases() {
        let best = (0..3).map(|_| on_a_small_stack(text.clone()).1).min().unwrap_or_default();
        assert!(best <= allowed, "{text}: {best:?}");
    }
}

fn piece() -> impl Strategy<Value = String> {
    let words = [
        "service",
        "host",
        ".",
        ".port",
        ".tags",
        ".mqtt",
        "(",
        ")",
        "[",
        "]",
        ",",
        "?",
        ":",
        "&&",
        "||",
        "!",
        "+",
        "-",
        "*",
        "/",
        "%",
        "==",
        "<",
        "in",
        "true",
        "1",
        "0x",
        "1e9",
        "9223372036854775808",
        "1u",
        "2.5",
        "'a'",
        "\"b\"",
        "r'\\d'",
        "'\\u00e9'",
        "'\\xff'",
        "'\\777'",
        "has",
        ".exists(x,",
        ".map(x,",
        ".matches('a+')",
        "x",
        "size(",
        " ",
        "\n",
        "//",
        "null",
        "{",
        "\u{e9}",
        "__result__",
        "-9223372036854775808",
        "service.tags.exists(x, x == 'a')",
        "service.port == 1",
    ];
    prop_oneof![8 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,4}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn random_text_neither_panics_nor_hangs(text in "\\PC{0,200}|[ -~\n]{0,300}") {
        let started = Instant::now();
        if let Ok(expression) = compile(&text) {
            let service = service();
            let _ = expression.evaluate(&Facts::new().json("service", &service));
        }
        prop_assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn random_pieces_of_expressions_neither_panic_nor_hang(pieces in proptest::collection::vec(piece(), 0..60)) {
        let text = pieces.concat();
        let started = Instant::now();
        match compile(&text) {
            Ok(expression) => {
                let service = service();
                let facts = Facts::new().json("service", &service);
                prop_assert_eq!(expression.evaluate(&facts), expression.evaluate(&facts));
            }
            Err(error) => prop_assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty()),
        }
        prop_assert!(started.elapsed() < Duration::from_secs(2));
    }

    /// Nearly right: what comes past our own checks and as far as `cel`'s parser.
    #[test]
    fn expressions_with_pieces_exchanged_neither_panic_nor_hang(
        rule in any::<proptest::sample::Index>(), changes in proptest::collection::vec((any::<proptest::sample::Index>(), piece()), 1..4),
    ) {
        let rules: Vec<&str> = RuleSet::built_in().rules().map(Rule::expression).collect();
        let rule: &&str = rule.get(&rules);
        let tokens = super::token::split(rule).unwrap();
        let mut pieces: Vec<&str> = tokens.iter().map(|token| token.text).collect();
        for (place, piece) in &changes {
            let place = place.index(pieces.len());
            pieces[place] = piece;
        }
        let text = pieces.join(" ");
        let started = Instant::now();
        if let Ok(expression) = compile(&text) {
            let service = service();
            let facts = Facts::new().json("service", &service);
            prop_assert_eq!(expression.evaluate(&facts), expression.evaluate(&facts));
        }
        prop_assert!(started.elapsed() < Duration::from_secs(2), "{}", text);
    }
}
