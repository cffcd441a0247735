//! The graph and the last run as one page: no network, no script needed, in light and dark.

mod layout;
mod packages;
mod timeline;

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime};

use depends::graph::{Graph, State};
use depends::observer::Origin;
use depends::record::{Activity, Outcome, Record, UnitRecord};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// The page; without a record it has no timeline.
pub(super) fn render(graph: &Graph, record: Option<&Record>) -> String {
    let mut text = String::new();
    page(&mut text, graph, record, SystemTime::now()).expect("a string takes all that is written");
    text
}

fn page(text: &mut String, graph: &Graph, record: Option<&Record>, now: SystemTime) -> fmt::Result {
    let host = escape(&graph.host);
    writeln!(text, "<!DOCTYPE html>")?;
    writeln!(text, "<html lang=\"en\"><head><meta charset=\"utf-8\"/>")?;
    // The page says itself that it loads nothing.
    writeln!(
        text,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\"/>"
    )?;
    writeln!(
        text,
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
    )?;
    writeln!(text, "<title>Dependencies for {host}</title>")?;
    writeln!(text, "<style>\n{STYLE}</style></head><body>")?;
    writeln!(text, "<h1>Dependencies <small>for {host}</small></h1>")?;
    totals(text, graph, record)?;
    writeln!(text, "<h2>Packages</h2>")?;
    packages::write(text, graph)?;
    writeln!(text, "<h2>Last build</h2>")?;
    match record {
        Some(record) => {
            about(text, record, now)?;
            timeline::write(text, record)?;
            table(text, record)?;
        }
        None => writeln!(text, "<p>No build of this host is recorded.</p>")?,
    }
    writeln!(text, "<script>\n{SCRIPT}</script></body></html>")
}

fn totals(text: &mut String, graph: &Graph, record: Option<&Record>) -> fmt::Result {
    let n_cached = graph
        .nodes
        .iter()
        .filter(|node| matches!(node.state, State::Cached { .. }))
        .count();
    let n_bytes: u64 = graph
        .nodes
        .iter()
        .map(|node| match node.state {
            State::Cached { n_bytes } => n_bytes,
            State::ToBuild | State::Damaged(_) => 0,
        })
        .sum();
    let mut cards = vec![
        ("packages", graph.nodes.len().to_string()),
        (
            "cached",
            format!("{n_cached}, {}", indicatif::HumanBytes(n_bytes)),
        ),
        ("to build", (graph.nodes.len() - n_cached).to_string()),
    ];
    if let Some(record) = record {
        cards.push(("wall time", time(record.wall)));
        cards.push(("CPU time", time(record.cpu())));
        let parallelism = record.cpu().as_secs_f64() / record.wall.as_secs_f64().max(0.001);
        cards.push((
            "CPU per wall time",
            format!("{parallelism:.2} with {} jobs", record.jobs),
        ));
    }
    writeln!(text, "<dl class=\"totals\">")?;
    for (name, value) in cards {
        writeln!(text, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value))?;
    }
    writeln!(text, "</dl>")
}

fn about(text: &mut String, record: &Record, now: SystemTime) -> fmt::Result {
    let ago = super::super::ago(now.duration_since(record.started).unwrap_or_default());
    let options = match record.options.join(" ") {
        options if options.is_empty() => "no options".to_owned(),
        options => options,
    };
    writeln!(
        text,
        "<p>Begun {ago}, with <code>{}</code>.</p>",
        escape(&options)
    )
}

fn table(text: &mut String, record: &Record) -> fmt::Result {
    let critical = record.critical_path();
    writeln!(
        text,
        "<table><thead><tr><th>package</th><th>key</th><th>outcome</th><th>waited</th><th>built</th><th>CPU</th>\
         <th>archive</th><th>isolation</th></tr></thead><tbody>"
    )?;
    for (index, unit) in record.units.iter().enumerate() {
        let label = escape(&unit.label);
        let class = if critical.contains(&index) {
            " class=\"critical\""
        } else {
            ""
        };
        let waited = sum(unit, |activity| matches!(activity, Activity::Wait(_)));
        let built = sum(unit, |activity| matches!(activity, Activity::Phase(_)));
        let size = unit
            .n_bytes
            .map(|n_bytes| indicatif::HumanBytes(n_bytes).to_string());
        writeln!(
            text,
            "<tr{class} data-package=\"{label}\"><td>{label} {}</td><td><code>{}</code></td><td>{}</td><td>{}</td>\
             <td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&unit.version),
            unit.key.short(11),
            escape(&outcome(&unit.outcome)),
            time(waited),
            time(built),
            unit.cpu.map(time).unwrap_or_default(),
            size.unwrap_or_default(),
            escape(unit.isolation.as_deref().unwrap_or_default()),
        )?;
    }
    writeln!(text, "</tbody></table>")?;
    writeln!(text, "<p class=\"note\">▸ is on the critical path.</p>")
}

fn sum(unit: &UnitRecord, which: impl Fn(Activity) -> bool) -> Duration {
    let spans = unit.spans.iter().filter(|span| which(span.activity));
    spans.map(|span| span.end.saturating_sub(span.start)).sum()
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ready(Origin::Cache) => "cache hit".to_owned(),
        Outcome::Ready(Origin::Build) => "built".to_owned(),
        Outcome::Ready(Origin::OtherRun) => "built by another run".to_owned(),
        Outcome::Failed(reason) => format!("failed: {reason}"),
        Outcome::Cancelled => "ended by a failure".to_owned(),
        Outcome::Stopped => "built as far as asked for".to_owned(),
    }
}

/// A duration for people.
fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.0005 {
        "0".to_owned()
    } else if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        let (minutes, seconds) = (duration.as_secs() / 60, duration.as_secs() % 60);
        match seconds {
            0 => format!("{minutes} min"),
            _ => format!("{minutes} min {seconds:02} s"),
        }
    }
}

/// A text as content or attribute of an element.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            character => escaped.push(character),
        }
    }
    escaped
}

/// The beginning of a text that is too long for its place.
fn shorten(text: &str, n_characters: usize) -> String {
    if text.chars().count() <= n_characters {
        return text.to_owned();
    }
    let begin: String = text.chars().take(n_characters - 1).collect();
    format!("{begin}…")
}

#[cfg(test)]
mod tests;
