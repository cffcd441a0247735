//! `cargo xtask depends verify`: builds packages again, and shows the first byte that differs from the cache.

use std::fmt::Write as _;

use depends::verify::{Content, Difference, MismatchKind, Verified};
use miette::miette;

use super::{open, with_tools};
use crate::arguments::DependsArguments;

/// Runs the command.
pub(super) fn run(arguments: &DependsArguments) -> miette::Result<()> {
    let engine = open(arguments)?;
    let verified = with_tools(arguments, &engine, |engine| engine.verify(&arguments.targets()))?;
    super::write_or_print(None, &render(&verified))?;
    let n_different = verified.iter().filter(|unit| unit.difference.is_some()).count();
    match n_different {
        0 => Ok(()),
        _ => Err(miette!(
            "{n_different} of {} packages did not come out the same",
            verified.len()
        )),
    }
}

/// A line for each package, and more for those that differ.
fn render(verified: &[Verified]) -> String {
    let width = verified.iter().map(|unit| unit.label.len()).max().unwrap_or(0);
    let mut text = String::new();
    for unit in verified {
        let result = match &unit.difference {
            None => format!("the same, sha256 {}", unit.sha256),
            Some(difference) => describe(difference),
        };
        writeln!(text, "{:width$}  {result}", unit.label).expect("a string takes all that is written");
    }
    text
}

fn describe(difference: &Difference) -> String {
    let path = difference.first.path.display();
    let first = match &difference.first.kind {
        MismatchKind::Missing => format!("{path} is in the cache only"),
        MismatchKind::Extra => format!("{path} was not there before"),
        MismatchKind::Type { archived, rebuilt } => format!("{path} was {archived} and is {rebuilt}"),
        MismatchKind::Mode { archived, rebuilt } => {
            format!("{path} had the mode {archived:04o} and has {rebuilt:04o}")
        }
        MismatchKind::Target { archived, rebuilt } => {
            format!(
                "{path} led to {} and leads to {}",
                archived.display(),
                rebuilt.display()
            )
        }
        MismatchKind::Content(content) => contents(&path.to_string(), content),
        MismatchKind::Packing => "all members are the same, but they are packed otherwise".to_owned(),
        MismatchKind::Unreadable(reason) => format!("the archive cannot be unpacked: {reason}"),
    };
    let more = match difference.n_paths {
        1 => String::new(),
        n => format!("\n  and {} more paths", n - 1),
    };
    format!(
        "DIFFERENT\n  {first}{more}\n  in the cache  {}\n  built again   {}",
        difference.archived.display(),
        difference.rebuilt.display()
    )
}

fn contents(path: &str, content: &Content) -> String {
    let place = match &content.member {
        Some((member, offset)) => format!(", in {member} at {offset}"),
        None => String::new(),
    };
    let sizes = match content.sizes {
        (archived, rebuilt) if archived == rebuilt => String::new(),
        (archived, rebuilt) => format!("; {archived} bytes became {rebuilt}"),
    };
    format!(
        "{path} differs at byte {}{place}{sizes}\n  from byte {}:\n    in the cache  {}\n    built again   {}",
        content.offset,
        content.shown_from,
        bytes(&content.archived),
        bytes(&content.rebuilt)
    )
}

/// Bytes as numbers and as text.
fn bytes(bytes: &[u8]) -> String {
    let numbers: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = bytes.iter().map(|byte| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    });
    format!("{:72}|{}|", numbers.join(" "), text.collect::<String>())
}

#[cfg(test)]
mod tests {
    use depends::digest::Digest;
    use depends::verify::Mismatch;
    use expect_test::expect;

    use super::*;

    fn verified(label: &str, kind: Option<MismatchKind>) -> Verified {
        Verified {
            label: label.to_owned(),
            archive: "/cache/p.tar.gz".into(),
            sha256: Digest::of(b"p"),
            difference: kind.map(|kind| Difference {
                first: Mismatch {
                    path: "lib/libp.a".into(),
                    kind,
                },
                n_paths: 3,
                archived: "/kept/archived".into(),
                rebuilt: "/kept/rebuilt".into(),
            }),
        }
    }

    #[test]
    fn the_first_difference_is_shown_with_its_bytes() {
        let content = MismatchKind::Content(Content {
            offset: 108,
            sizes: (200, 201),
            shown_from: 100,
            archived: b"before: a\0".to_vec(),
            rebuilt: b"before: b\n".to_vec(),
            member: Some(("p.o".to_owned(), 7)),
        });
        let mode = MismatchKind::Mode {
            archived: 0o644,
            rebuilt: 0o755,
        };
        let units = [
            verified("p", None),
            verified("native_q", Some(content)),
            verified("r", Some(mode)),
        ];
        expect![[r#"
            p         the same, sha256 148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940
            native_q  DIFFERENT
              lib/libp.a differs at byte 108, in p.o at 7; 200 bytes became 201
              from byte 100:
                in the cache  62 65 66 6f 72 65 3a 20 61 00                                           |before: a.|
                built again   62 65 66 6f 72 65 3a 20 62 0a                                           |before: b.|
              and 2 more paths
              in the cache  /kept/archived
              built again   /kept/rebuilt
            r         DIFFERENT
              lib/libp.a had the mode 0644 and has 0755
              and 2 more paths
              in the cache  /kept/archived
              built again   /kept/rebuilt
        "#]].assert_eq(&render(&units));
    }
}
