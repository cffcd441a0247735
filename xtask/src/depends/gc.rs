//! `cargo xtask depends gc`.

use depends::engine::{Collected, Collection, What};

use super::{open, with_tools};
use crate::arguments::DependsArguments;
use crate::arguments::depends::upkeep::GcArguments;

pub(super) fn run(depends: &DependsArguments, arguments: &GcArguments) -> miette::Result<()> {
    let engine = open(depends.without_targets("depends gc")?)?;
    let collection = Collection {
        older_than: arguments.older_than,
        max_size: arguments.max_size,
        roots: arguments.root.clone(),
        sources: arguments.sources,
        dry_run: arguments.dry_run,
    };
    let collected = with_tools(depends, &engine, |engine| engine.collect(&collection))?;
    for line in lines(&collected, arguments) {
        println!("{line}");
    }
    Ok(())
}

fn lines(collected: &Collected, arguments: &GcArguments) -> Vec<String> {
    let done = if arguments.dry_run {
        "would remove"
    } else {
        "removed"
    };
    let mut lines: Vec<String> = collected
        .removed
        .iter()
        .map(|removed| {
            let what = match removed.what {
                What::Package => "package",
                What::Scratch => "directory",
                What::Leftover => "leftover",
                What::Log => "log",
                What::Source => "source",
            };
            let size = bytes(removed.n_bytes);
            format!("{done} {what} {} ({size})", removed.path.display())
        })
        .collect();
    let in_use = collected.in_use.iter();
    lines.extend(in_use.map(|path| format!("kept {}, which a run needs now", path.display())));
    if let Some(sources) = &collected.kept_sources {
        lines.push(format!("kept {}, which an option names", sources.display()));
    }
    lines.push(format!(
        "{done} {} in {} places; {} packages stay ({}), {} of them for a root",
        bytes(collected.removed_bytes()),
        collected.removed.len(),
        collected.n_kept,
        bytes(collected.kept_bytes),
        collected.n_rooted,
    ));
    if let Some(limit) = arguments.max_size.filter(|limit| collected.kept_bytes > *limit) {
        lines.push(format!(
            "the cache is larger than {}: nothing more may go",
            bytes(limit)
        ));
    }
    lines
}

/// A number of bytes for people.
fn bytes(n_bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB"];
    let mut shift = 0;
    while shift + 1 < units.len() && n_bytes >> (10 * (shift + 1)) > 0 {
        shift += 1;
    }
    if shift == 0 {
        return format!("{n_bytes} B");
    }
    // Tenths, so that nothing is lost to floating point.
    let tenths = (u128::from(n_bytes) * 10) >> (10 * shift);
    format!("{}.{} {}", tenths / 10, tenths % 10, units[shift])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_the_largest_unit_that_fits() {
        let rows = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_600_000, "1.5 MiB"),
            (3 << 40, "3072.0 GiB"),
        ];
        for (n_bytes, expected) in rows {
            assert_eq!(bytes(n_bytes), expected);
        }
    }
}
