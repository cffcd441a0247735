//! The summary's text: sections of rows, aligned.

use std::fmt::Write as _;

use crate::executables::{self, EXECUTABLES};
use crate::features::Features;

/// What is printed: sections in order, each with rows.
#[derive(Default)]
pub(super) struct Report {
    sections: Vec<(&'static str, Vec<(String, String)>)>,
}

impl Report {
    /// Adds a section, unless it has no rows.
    pub(super) fn section(&mut self, title: &'static str, rows: Vec<(String, String)>) {
        if !rows.is_empty() {
            self.sections.push((title, rows));
        }
    }

    /// Adds the features, each with the answer and its reason.
    pub(super) fn features(&mut self, features: &Features) {
        let rows = features.iter().map(|(name, finding)| {
            let answer = if finding.on { "yes" } else { "no" };
            let wish = if finding.automatic { "auto: " } else { "" };
            let unused = if finding.on && !executables::need(name) {
                "; no executable here uses it"
            } else {
                ""
            };
            row(name, format_args!("{wish}{answer:<4} {}{unused}", finding.reason))
        });
        self.section("Features", rows.collect());
    }

    /// Adds the executables, each with whether it is built.
    pub(super) fn executables(&mut self, features: &Features) {
        let rows = EXECUTABLES.iter().map(|executable| {
            let lacks = executable.lacks(features);
            let answer = if lacks.is_empty() {
                "yes".to_owned()
            } else {
                format!("no   needs {}", lacks.join(" and "))
            };
            row(executable.name, answer)
        });
        self.section("Executables", rows.collect());
    }

    /// The text.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        let names = self
            .sections
            .iter()
            .flat_map(|(_, rows)| rows.iter().map(|(name, _)| name.chars().count()));
        let width = names.max().unwrap_or_default();
        for (title, rows) in &self.sections {
            writeln!(text, "{title}").expect("a string takes all that is written");
            for (name, value) in rows {
                writeln!(text, "  {name:width$}  {value}").expect("a string takes all that is written");
            }
        }
        text
    }
}

/// A row of a section.
pub(super) fn row(name: &str, value: impl std::fmt::Display) -> (String, String) {
    (name.to_owned(), value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_summary_says_what_is_built_and_what_keeps_the_rest_from_it() {
        let mut report = Report::default();
        report.section("Nothing", Vec::new());
        let features = Features::of(&["multiprocess", "upnp"]);
        report.features(&features);
        report.executables(&features);
        expect![[r#"
            Features
              multiprocess    yes  on with these options
              upnp            yes  on with these options; no executable here uses it
            Executables
              syscoind        yes
              syscoin-cli     yes
              syscoin-tx      yes
              syscoin-util    yes
              syscoin-node    yes
              syscoin-gui     yes
              syscoin-wallet  no   needs wallet
        "#]]
        .assert_eq(&report.render());
    }
}
