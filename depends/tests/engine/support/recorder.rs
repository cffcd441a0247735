//! An observer that keeps what it hears, one line for each event.

use std::io::Write as _;
use std::sync::Mutex;

use depends::observer::{Event, Observer};

#[derive(Default)]
pub(crate) struct Recorder {
    lines: Mutex<Vec<String>>,
    /// Hears each line at once.
    live: Option<std::fs::File>,
}

impl Observer for Recorder {
    fn notice(&self, event: &Event<'_>) {
        let line = match event {
            Event::Phase { package, phase } => format!("{package} {phase:?}"),
            Event::Fetching { package, route, .. } => format!("fetching {package} from {route}"),
            Event::RouteFailed {
                package,
                route,
                reason,
            } => format!("{package}: {route} failed: {reason}"),
            Event::Warning { message } => format!("warning: {message}"),
            Event::Composing { packages, .. } => format!("composing {}", packages.join(" ")),
            _ => return,
        };
        if let Some(mut live) = self.live.as_ref() {
            // Whoever listened may be content with what it heard.
            let _ = writeln!(live, "{line}");
        }
        self.lines.lock().unwrap().push(line);
    }
}

impl Recorder {
    /// A recorder that also writes each line to the file at `path` as it hears it.
    pub(crate) fn live(path: &std::path::Path) -> Self {
        let file = fs_err::File::options().write(true).open(path).unwrap();
        Self {
            lines: Mutex::default(),
            live: Some(file.into_parts().0),
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The packages that were built, in the order of their names.
    pub(crate) fn built(&self) -> Vec<String> {
        let mut built: Vec<String> = self
            .lines()
            .iter()
            .filter_map(|line| line.strip_suffix(" Build"))
            .map(str::to_owned)
            .collect();
        built.sort();
        built
    }

    pub(crate) fn warnings(&self) -> String {
        let lines = self.lines();
        let warnings: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("warning: "))
            .collect();
        warnings.join("\n")
    }
}
