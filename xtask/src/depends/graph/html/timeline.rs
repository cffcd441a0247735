//! The last build as bars: a row for each package, with what it did and what it waited for.

use std::fmt::{self, Write};
use std::time::Duration;

use depends::observer::{Origin, Phase, Wait};
use depends::record::{Activity, Outcome, Record, UnitRecord};

use super::{escape, outcome, shorten, time};

/// Sizes in pixels.
const LABELS: f64 = 190.0;
const BARS: f64 = 780.0;
const NUMBERS: f64 = 150.0;
const ROW: f64 = 26.0;
const BAR: f64 = 14.0;
const TOP: f64 = 24.0;

/// What the colours mean, in the order in which they appear.
const KEY: [(&str, &str); 14] = [
    ("cache-hit", "cache hit"),
    ("wait-download", "waits for a download"),
    ("wait-dependencies", "waits for packages"),
    ("wait-processor", "waits for a processor"),
    ("wait-other", "waits for another run"),
    ("fetch", "fetch"),
    ("extract", "extract"),
    ("preprocess", "preprocess"),
    ("configure", "configure"),
    ("build", "build"),
    ("stage", "stage"),
    ("postprocess", "postprocess"),
    ("cache", "archive"),
    ("critical-line", "critical path"),
];

pub(super) fn write(text: &mut String, record: &Record) -> fmt::Result {
    let critical = record.critical_path();
    let mut order: Vec<usize> = (0..record.units.len()).collect();
    order.sort_by_key(|index| (begin(&record.units[*index]), *index));
    let n_rows = f64::from(u32::try_from(order.len()).unwrap_or(u32::MAX));
    let (width, height) = (LABELS + BARS + NUMBERS, TOP + n_rows * ROW + 6.0);
    writeln!(text, "<p class=\"key\">")?;
    for (class, meaning) in KEY {
        writeln!(text, "<span><i class=\"{class}\"></i>{meaning}</span>")?;
    }
    writeln!(text, "</p>")?;
    writeln!(
        text,
        "<div class=\"scroll\"><svg class=\"timeline\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"The last build, over time\">"
    )?;
    let scale = Scale::new(record.wall);
    for tick in scale.ticks() {
        let x = scale.x(tick);
        writeln!(
            text,
            "<line class=\"tick\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{height}\"/>\
             <text class=\"tick\" x=\"{x:.1}\" y=\"14\">{}</text>",
            time(tick)
        )?;
    }
    let mut y = TOP;
    for index in order {
        row(text, &record.units[index], critical.contains(&index), &scale, y)?;
        y += ROW;
    }
    writeln!(text, "</svg></div>")
}

/// When a package's own work begins; cache hits have none, and come first.
fn begin(unit: &UnitRecord) -> Duration {
    unit.begin().unwrap_or_else(|| match unit.outcome {
        Outcome::Ready(Origin::Cache) => Duration::ZERO,
        _ => unit.end(),
    })
}

fn row(text: &mut String, unit: &UnitRecord, critical: bool, scale: &Scale, y: f64) -> fmt::Result {
    let label = escape(&unit.label);
    let class = if critical { "row critical" } else { "row" };
    let failed = matches!(unit.outcome, Outcome::Failed(_));
    writeln!(text, "<g class=\"{class}\" data-package=\"{label}\">")?;
    writeln!(
        text,
        "<text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">{}<title>{label} {}: {}</title></text>",
        LABELS - 10.0,
        y + 14.0,
        escape(&shorten(&unit.label, 25)),
        escape(&unit.version),
        escape(&outcome(&unit.outcome)),
    )?;
    let is_hit = unit.outcome == Outcome::Ready(Origin::Cache);
    for span in &unit.spans {
        let (class, meaning) = match span.activity {
            Activity::Look if is_hit => ("cache-hit", "cache hit"),
            Activity::Look => ("look", "looked for in the cache"),
            Activity::Wait(wait) => wait_class(wait),
            Activity::Phase(phase) => (phase_class(phase), phase_class(phase)),
        };
        let (x, end) = (scale.x(span.start), scale.x(span.end));
        let least = if is_hit { 4.0 } else { 0.8 };
        writeln!(
            text,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{BAR}\">\
             <title>{label}: {meaning}, {} from {}</title></rect>",
            y + 3.0,
            (end - x).max(least),
            time(span.end.saturating_sub(span.start)),
            time(span.start),
        )?;
    }
    let end = scale.x(unit.end());
    if critical {
        writeln!(
            text,
            "<line class=\"critical-line\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{end:.1}\" y2=\"{:.1}\"/>",
            scale.x(begin(unit)),
            y + BAR + 5.5,
            y + BAR + 5.5,
        )?;
    }
    if failed {
        writeln!(
            text,
            "<text class=\"failed\" x=\"{:.1}\" y=\"{:.1}\">✕ failed</text>",
            end + 5.0,
            y + 14.0
        )?;
    }
    let numbers = match unit.cpu {
        Some(cpu) => format!("CPU {}", time(cpu)),
        None => String::new(),
    };
    writeln!(
        text,
        "<text class=\"cpu\" x=\"{:.1}\" y=\"{:.1}\">{numbers}</text></g>",
        LABELS + BARS + 12.0,
        y + 14.0
    )
}

fn wait_class(wait: Wait) -> (&'static str, &'static str) {
    match wait {
        Wait::Download => ("wait-download", "waits for a download"),
        Wait::Dependencies => ("wait-dependencies", "waits for packages"),
        Wait::Processor => ("wait-processor", "waits for a processor"),
        Wait::OtherRun => ("wait-other", "waits for another run"),
    }
}

fn phase_class(phase: Phase) -> &'static str {
    match phase {
        Phase::Fetch => "fetch",
        Phase::Extract => "extract",
        Phase::Preprocess => "preprocess",
        Phase::Configure => "configure",
        Phase::Build => "build",
        Phase::Stage => "stage",
        Phase::Postprocess => "postprocess",
        Phase::Cache => "cache",
    }
}

/// From times to pixels.
struct Scale {
    wall: Duration,
}

impl Scale {
    fn new(wall: Duration) -> Self {
        Self {
            wall: wall.max(Duration::from_millis(1)),
        }
    }

    fn x(&self, time: Duration) -> f64 {
        LABELS + BARS * (time.as_secs_f64() / self.wall.as_secs_f64()).min(1.0)
    }

    /// Round times, at most nine.
    fn ticks(&self) -> impl Iterator<Item = Duration> {
        let steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
        let more = [10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400];
        let steps = steps.into_iter().chain(more.map(|seconds| seconds * 1000));
        let longest = Duration::from_hours(24 * 7);
        let step = steps
            .map(Duration::from_millis)
            .find(|step| *step * 9 > self.wall)
            .unwrap_or(longest);
        let wall = self.wall;
        (0..9)
            .map(move |number| step * number)
            .take_while(move |tick| *tick <= wall)
    }
}
