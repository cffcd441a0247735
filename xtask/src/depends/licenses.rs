//! `cargo xtask depends licenses`.

use std::fmt::Write as _;

use depends::Engine;
use depends::engine::License;
use miette::IntoDiagnostic as _;

use super::{open, with_tools, write_or_print};
use crate::arguments::DependsArguments;
use crate::arguments::depends::upkeep::{LicensesArguments, LicensesFormat};

pub(super) fn run(depends: &DependsArguments, arguments: &LicensesArguments) -> miette::Result<()> {
    let engine = open(depends.without_targets("depends licenses")?)?;
    let text = match arguments.format {
        LicensesFormat::Text => table(&with_tools(depends, &engine, Engine::licenses)?),
        LicensesFormat::Json => {
            let licenses = with_tools(depends, &engine, Engine::licenses)?;
            serde_json::to_string_pretty(&licenses).into_diagnostic()? + "\n"
        }
        LicensesFormat::Notices => with_tools(depends, &engine, Engine::notices)?,
    };
    write_or_print(arguments.output.as_deref(), &text)
}

fn table(licenses: &[License]) -> String {
    let head = ["package", "version", "licence", "built", "texts"].map(str::to_owned);
    let rows = licenses.iter().map(|license| {
        [
            license.package.clone(),
            license.version.clone(),
            license.license.clone(),
            if license.built { "yes" } else { "no" }.to_owned(),
            license.files.join(" "),
        ]
    });
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3)];
    let mut text = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(widths) {
            write!(text, "{cell:width$}  ").expect("a string takes all that is written");
        }
        text.push_str(&row[4]);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_is_not_built() {
        let license = License {
            package: "native_a".to_owned(),
            version: "1.0".to_owned(),
            license: "MIT".to_owned(),
            files: vec!["COPYING".to_owned(), "NOTICE".to_owned()],
            homepage: String::new(),
            built: false,
        };
        let expected = "package   version  licence  built  texts\n\
                        native_a  1.0      MIT      no     COPYING NOTICE\n";
        assert_eq!(table(&[license]), expected);
    }
}
