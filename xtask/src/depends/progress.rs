//! What a run of the engine looks like: bars on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use depends::observer::{Event, Observer, Phase};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Shows events on the standard error.
pub(super) struct Progress {
    /// Whether commands are shown.
    verbose: bool,
    bars: Option<Bars>,
}

struct Bars {
    all: MultiProgress,
    /// A line for each package at work, and one for each download.
    open: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Progress {
    pub(super) fn new(verbose: bool) -> Self {
        let bars = std::io::stderr().is_terminal().then(|| Bars {
            all: MultiProgress::new(),
            open: Mutex::new(BTreeMap::new()),
        });
        Self { verbose, bars }
    }

    /// Writes a line above the bars.
    fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.all.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }
}

impl Observer for Progress {
    fn notice(&self, event: &Event<'_>) {
        match event {
            Event::Warning { message } => self.line(&format!("note: {message}")),
            Event::Fetching { file, route, .. } => self.line(&format!("Fetching {file} from {route}")),
            Event::RouteFailed {
                package,
                route,
                reason,
            } => {
                self.line(&format!("note: {package}: {route}: {reason}"));
            }
            Event::Command { package, command } if self.verbose => {
                self.line(&format!("{package}: {}", depends::process::show(command)));
            }
            Event::Composing { prefix, packages } => {
                self.line(&format!("copying packages: {}", packages.join(" ")));
                self.line(&format!("to: {}", prefix.display()));
            }
            Event::Phase { package, phase } => match &self.bars {
                Some(bars) => bars.phase(package, *phase),
                // A fetch says more when it comes to a route.
                None if *phase == Phase::Fetch => {}
                None => eprintln!("{} {package}...", verb(*phase)),
            },
            Event::Received {
                file, n_bytes, total, ..
            } => {
                if let Some(bars) = &self.bars {
                    bars.received(file, *n_bytes, *total);
                }
            }
            Event::Fetched { file, .. } => {
                if let Some(bars) = &self.bars {
                    bars.close(file);
                }
            }
            Event::Ready { package, .. } | Event::Failed { package, .. } | Event::Visited { package } => {
                if let Some(bars) = &self.bars {
                    bars.close(package);
                }
            }
            _ => {}
        }
    }
}

impl Bars {
    fn phase(&self, package: &str, phase: Phase) {
        let bar = self.open(package, || {
            let style = ProgressStyle::with_template("{spinner} {prefix:18} {wide_msg} {elapsed}");
            ProgressBar::new_spinner().with_style(style.expect("the template is a constant that a test uses"))
        });
        bar.set_prefix(package.to_owned());
        bar.set_message(verb(phase).to_lowercase());
        bar.enable_steady_tick(Duration::from_millis(200));
    }

    fn received(&self, file: &str, n_bytes: u64, total: Option<u64>) {
        let bar = self.open(file, || {
            let template = "  {prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}";
            let style = ProgressStyle::with_template(template);
            ProgressBar::new(0).with_style(style.expect("the template is a constant that a test uses"))
        });
        bar.set_prefix(file.to_owned());
        bar.set_length(total.unwrap_or(n_bytes));
        bar.set_position(n_bytes);
    }

    fn open(&self, name: &str, make: impl FnOnce() -> ProgressBar) -> ProgressBar {
        let mut open = self.open.lock().expect("no holder panics because none calls out");
        open.entry(name.to_owned())
            .or_insert_with(|| self.all.add(make()))
            .clone()
    }

    fn close(&self, name: &str) {
        let bar = self
            .open
            .lock()
            .expect("no holder panics because none calls out")
            .remove(name);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }
}

/// What a phase is called while it lasts.
fn verb(phase: Phase) -> &'static str {
    match phase {
        Phase::Fetch => "Fetching",
        Phase::Extract => "Extracting",
        Phase::Preprocess => "Preprocessing",
        Phase::Configure => "Configuring",
        Phase::Build => "Building",
        Phase::Stage => "Staging",
        Phase::Postprocess => "Postprocessing",
        Phase::Cache => "Caching",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_follow_a_package_from_fetch_to_cache() {
        let bars = Bars {
            all: MultiProgress::new(),
            open: Mutex::new(BTreeMap::new()),
        };
        bars.received("a.tar.gz", 1, Some(2));
        bars.phase("a", Phase::Build);
        assert_eq!(bars.open.lock().unwrap().len(), 2);
        bars.close("a.tar.gz");
        bars.close("a");
        assert!(bars.open.lock().unwrap().is_empty());
    }
}
