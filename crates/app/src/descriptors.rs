//! How many files and sockets the process may have open at a time.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Enough for thousands of connections, and less than any system refuses.
const WANTED: u64 = 8_192;

/// Raises the limit to what a node may need, where the system's administrator lets the process have that many. Users'
/// sessions often begin with far less than they may have.
pub fn raise_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
    if current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum,
        };
        // Where the system refuses, things stay as they were, and whoever needs too many is told by itself.
        let _ = setrlimit(Resource::Nofile, raised);
    }
}
