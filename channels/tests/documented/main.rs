//! docs/webhooks.md is true: its code verifies what we sign, and nothing else, in every language that is installed.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod receiver;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use app::ports::SigningKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use channels::webhook::{encode_secret, public_key, signatures};

const DOCUMENT: &str = include_str!("../../../docs/webhooks.md");
const AT: i64 = 1_795_348_800;
const OLD: [u8; 24] = [1; 24];
const NEW: [u8; 64] = [2; 64];
const SEED: [u8; 32] = [3; 32];

/// One request as a receiver gets it, and whether it holds.
struct Case {
    what: &'static str,
    key: String,
    id: String,
    timestamp: String,
    signatures: String,
    body: Vec<u8>,
    now: i64,
    holds: bool,
}

fn cases() -> Vec<Case> {
    let body = "{\"type\":\"test.ping\",\"data\":\"Süd\\n\"}\n".as_bytes();
    let keys = [SigningKey::HmacSha256(NEW.to_vec()), SigningKey::HmacSha256(OLD.to_vec()), SigningKey::Ed25519(SEED)];
    let sign = |keys: &[SigningKey]| signatures(keys, "dlv_1", AT, body).unwrap();
    let case = |what, key: &str, signatures: &str, holds| Case {
        what,
        key: key.into(),
        id: "dlv_1".into(),
        timestamp: AT.to_string(),
        signatures: signatures.into(),
        body: body.to_vec(),
        now: AT,
        holds,
    };
    let (old, new, public) = (encode_secret(&OLD), encode_secret(&NEW), public_key(&SEED));
    let (all, v1, v1a) = (sign(&keys), sign(&keys[..1]), sign(&keys[2..]));
    vec![
        case("v1", &new, &v1, true),
        case("v1a", &public, &v1a, true),
        case("the new secret during a rotation", &new, &all, true),
        case("the old secret during a rotation", &old, &all, true),
        case("v1a among others", &public, &all, true),
        case("an unknown version before the right one", &new, &format!("v2,AAAA {v1}"), true),
        Case { now: AT + 300, ..case("five minutes late", &new, &v1, true) },
        Case { now: AT - 300, ..case("five minutes early", &public, &v1a, true) },
        Case { now: AT + 301, ..case("too late", &new, &v1, false) },
        Case { now: AT - 301, ..case("too early", &public, &v1a, false) },
        case("another secret", &encode_secret(&[9; 24]), &all, false),
        case("another public key", &public_key(&[9; 32]), &all, false),
        case("v1 to a public key", &public, &v1, false),
        case("v1a to a secret", &new, &v1a, false),
        case("a signature under another version", &new, &v1.replace("v1,", "v1a,"), false),
        Case { body: [body, b" "].concat(), ..case("another body, v1", &new, &all, false) },
        Case { body: [body, b" "].concat(), ..case("another body, v1a", &public, &all, false) },
        Case { id: "dlv_2".into(), ..case("another id", &new, &all, false) },
        Case { timestamp: (AT + 1).to_string(), ..case("another time", &public, &all, false) },
        Case { timestamp: "soon".into(), ..case("no time", &new, &all, false) },
        case("half a signature", &new, v1.get(..20).unwrap(), false),
        case("no base64", &public, "v1a,!!! v1,!!!", false),
        case("no signature", &new, "v1,", false),
        case("a word", &new, "v1", false),
    ]
}

/// What a driver reads: one case a line, its fields separated by tabs, the body in base64.
fn lines() -> String {
    let line = |c: &Case| {
        format!("{}\t{}\t{}\t{}\t{}\t{}\n", c.key, c.id, c.timestamp, c.signatures, STANDARD.encode(&c.body), c.now)
    };
    cases().iter().map(line).collect()
}

/// The first block of this language.
fn block(language: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says where Python is, and whether a machine asks"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn works(program: &Path) -> bool {
    let mut asked = Command::new(program);
    let asked = asked.arg(if program.ends_with("go") { "version" } else { "--version" });
    asked.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs a program on the cases and compares what it says. `required`: in CI it must be there.
fn judge(program: &Path, arguments: &[&str], folder: &Path, required: bool) {
    if !works(program) {
        assert!(!required || variable("CI").as_deref() != Some("true"), "{} is not installed", program.display());
        println!("not run: {} is not installed", program.display());
        return;
    }
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<bool> = said.lines().map(|line| line.trim().parse().unwrap()).collect();
    let cases = cases();
    assert_eq!(said.len(), cases.len());
    for (case, said) in cases.iter().zip(said) {
        assert_eq!(said, case.holds, "{}", case.what);
    }
}

#[test]
fn the_python_code_verifies() {
    let Some(python) = variable("IOTMONITOR_TEST_PYTHON").map(PathBuf::from) else {
        assert!(variable("CI").as_deref() != Some("true"), "IOTMONITOR_TEST_PYTHON must be set in CI");
        println!("not run: IOTMONITOR_TEST_PYTHON is not set");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let driver = "import base64, sys\nfrom receiver import verify\nfor line in sys.stdin:\n    key, i, t, s, body, now = line.rstrip('\\n').split('\\t')\n    headers = {'webhook-id': i, 'webhook-timestamp': t, 'webhook-signature': s}\n    print(str(verify(key, headers, base64.b64decode(body), int(now))).lower())\n";
    fs::write(dir.path().join("receiver.py"), block("python")).unwrap();
    fs::write(dir.path().join("driver.py"), driver).unwrap();
    judge(&python, &["driver.py"], dir.path(), true);
}

#[test]
fn the_javascript_code_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let driver = "import { readFileSync } from 'node:fs';\nimport { verify } from './receiver.mjs';\nfor (const line of readFileSync(0, 'utf8').trimEnd().split('\\n')) {\n  const [key, id, timestamp, signature, body, now] = line.split('\\t');\n  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };\n  console.log(verify(key, headers, Buffer.from(body, 'base64'), Number(now)));\n}\n";
    fs::write(dir.path().join("receiver.mjs"), block("javascript")).unwrap();
    fs::write(dir.path().join("driver.mjs"), driver).unwrap();
    judge(Path::new("node"), &["driver.mjs"], dir.path(), true);
}

#[test]
fn the_php_code_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let driver = "<?php\nrequire 'receiver.php';\nwhile (($line = fgets(STDIN)) !== false) {\n    [$key, $i, $t, $s, $body, $now] = explode(\"\\t\", rtrim($line, \"\\n\"));\n    $headers = ['webhook-id' => $i, 'webhook-timestamp' => $t, 'webhook-signature' => $s];\n    echo verify_webhook($key, $headers, base64_decode($body), (int) $now) ? 'true' : 'false', \"\\n\";\n}\n";
    fs::write(dir.path().join("receiver.php"), block("php")).unwrap();
    fs::write(dir.path().join("driver.php"), driver).unwrap();
    judge(Path::new("php"), &["driver.php"], dir.path(), true);
}

#[test]
fn the_bash_code_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let driver = "source ./receiver.sh\nwhile IFS= read -r line; do\n  mapfile -t f < <(tr '\\t' '\\n' <<< \"$line\")\n  base64 -d <<< \"${f[4]}\" > body\n  if verify \"${f[0]}\" \"${f[1]}\" \"${f[2]}\" \"${f[3]}\" body \"${f[5]}\"; then echo true; else echo false; fi\ndone\n";
    fs::write(dir.path().join("receiver.sh"), block("bash")).unwrap();
    fs::write(dir.path().join("driver.sh"), driver).unwrap();
    judge(Path::new("bash"), &["driver.sh"], dir.path(), true);
}

/// One file, which Java compiles as it starts; the class that runs stands first in it.
#[test]
fn the_java_code_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let (imports, class) = block("java").split_once("final class").unwrap();
    let driver = "final class Driver {\n    public static void main(String[] none) throws Exception {\n        var in = new java.io.BufferedReader(new java.io.InputStreamReader(System.in));\n        for (String line; (line = in.readLine()) != null; ) {\n            String[] f = line.split(\"\\t\");\n            System.out.println(Webhooks.verify(f[0], f[1], f[2], f[3], Base64.getDecoder().decode(f[4]), Long.parseLong(f[5])));\n        }\n    }\n}\n";
    fs::write(dir.path().join("Driver.java"), format!("{imports}{driver}\nfinal class{class}")).unwrap();
    judge(Path::new("java"), &["Driver.java"], dir.path(), false);
}

#[test]
fn the_go_code_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let driver = "package main\n\nimport (\n\t\"bufio\"\n\t\"encoding/base64\"\n\t\"fmt\"\n\t\"net/http\"\n\t\"os\"\n\t\"receiver/webhooks\"\n\t\"strconv\"\n\t\"strings\"\n\t\"time\"\n)\n\nfunc main() {\n\tscanner := bufio.NewScanner(os.Stdin)\n\tfor scanner.Scan() {\n\t\tf := strings.Split(scanner.Text(), \"\\t\")\n\t\tbody, _ := base64.StdEncoding.DecodeString(f[4])\n\t\tnow, _ := strconv.ParseInt(f[5], 10, 64)\n\t\theader := http.Header{}\n\t\theader.Set(\"webhook-id\", f[1])\n\t\theader.Set(\"webhook-timestamp\", f[2])\n\t\theader.Set(\"webhook-signature\", f[3])\n\t\tfmt.Println(webhooks.Verify(f[0], header, body, time.Unix(now, 0)))\n\t}\n}\n";
    fs::create_dir(dir.path().join("webhooks")).unwrap();
    fs::write(dir.path().join("go.mod"), "module receiver\n\ngo 1.18\n").unwrap();
    fs::write(dir.path().join("webhooks/webhooks.go"), block("go")).unwrap();
    fs::write(dir.path().join("main.go"), driver).unwrap();
    judge(Path::new("go"), &["run", "."], dir.path(), false);
}

#[test]
fn the_rust_code_verifies_and_is_what_is_written() {
    assert_eq!(block("rust"), include_str!("receiver.rs"));
    for c in cases() {
        let said = receiver::verify(&c.key, &c.id, &c.timestamp, &c.signatures, &c.body, c.now);
        assert_eq!(said, c.holds, "{}", c.what);
    }
}

#[test]
fn the_waits_are_those_that_are_kept() {
    let spelled = |seconds: &u32| match seconds {
        0 => "at once".to_owned(),
        s if s.is_multiple_of(3600) => format!("{} h", s / 3600),
        s if s.is_multiple_of(60) => format!("{} min", s / 60),
        s => format!("{s} s"),
    };
    let waits: Vec<String> = app::notify::WAITS.iter().map(spelled).collect();
    let (last, others) = waits.split_last().unwrap();
    let sentence = format!("{} and {last}", others.join(", ")).replace("at once, ", "at once, then after ");
    assert!(DOCUMENT.replace('\n', " ").contains(&sentence), "the document does not say: {sentence}");
}
