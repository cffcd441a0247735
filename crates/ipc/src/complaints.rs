//! What the log says of clients that are turned away for what they are, of connections that are given up because of what
//! their peers send, and of what follows for others.
//!
//! A peer may come back as often as it likes, and make as many peers as it likes do the same; the log is not theirs to
//! fill. A reason is said once a minute, with how many more connections gave it meanwhile; `-debug=ipc` has all of them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::REMOTE;
use crate::keys::KeyDigest;
use crate::log;

/// How long a reason is not said again.
const PAUSE: Duration = Duration::from_secs(60);

/// Reasons that are told apart; the others count as one.
const MANY: usize = 16;

/// The reasons that were given lately. Shared by all threads.
#[derive(Debug, Default)]
pub(crate) struct Complaints(Mutex<Vec<Complaint>>);

/// A reason that was said.
#[derive(Debug)]
struct Complaint {
    kind: String,
    said: Instant,
    unsaid: u64,
}

impl Complaints {
    /// A connection is given up for a reason.
    pub(crate) fn give_up(&self, reason: &str) {
        // A peer that gives up itself says why in its own words.
        let reason = &log::excerpt_of_text(reason);
        match self.note(reason, Instant::now()) {
            Some(0) => tracing::warn!("ipc: a connection is given up: {reason}"),
            Some(unsaid) => {
                tracing::warn!(
                    "ipc: a connection is given up: {reason}; so were {unsaid} others since this was said"
                );
            }
            None => tracing::debug!(target: "ipc", "a connection is given up: {reason}"),
        }
    }

    /// A client that came by a listener is not let in for a reason.
    pub(crate) fn turn_away(&self, listener: &str, reason: &str) {
        let text = format!("a client at {listener} is turned away: {reason}");
        match self.note(&text, Instant::now()) {
            Some(0) => tracing::warn!("ipc: {text}"),
            Some(unsaid) => tracing::warn!("ipc: {text}; so were {unsaid} others since this was said"),
            None => tracing::debug!(target: "ipc", "{text}"),
        }
    }

    /// A client that came in by a listener has to wait because of those that were given up before.
    pub(crate) fn wait(&self, listener: &str) {
        let text = format!(
            "clients at {listener} wait a moment before they are served: too many were given up or left calls behind"
        );
        match self.note(&text, Instant::now()) {
            Some(_) => tracing::warn!("ipc: {text}"),
            None => tracing::debug!(target: "ipc", "{text}"),
        }
    }

    /// Whether it is time to say so, and how often it was not said meanwhile.
    fn note(&self, reason: &str, now: Instant) -> Option<u64> {
        let mut complaints = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kind(reason);
        let is_known = |complaint: &Complaint| complaint.kind == kind;
        let position = complaints.iter().position(is_known).or_else(|| {
            complaints.retain(|complaint| complaint.unsaid > 0 || now < complaint.said + PAUSE);
            (complaints.len() == MANY).then_some(MANY - 1)
        });
        let Some(position) = position else {
            complaints.push(Complaint {
                kind,
                said: now,
                unsaid: 0,
            });
            return Some(0);
        };
        let complaint = &mut complaints[position];
        if now < complaint.said + PAUSE {
            complaint.unsaid += 1;
            return None;
        }
        complaint.said = now;
        Some(std::mem::take(&mut complaint.unsaid))
    }
}

/// A reason without what peers choose: its numbers and keys, and the whole of what is in their own words.
fn kind(reason: &str) -> String {
    let is_key = |word: &str| word.trim_matches(',').parse::<KeyDigest>().is_ok();
    let end = reason
        .find(REMOTE)
        .map_or(reason.len(), |begin| begin + REMOTE.len());
    let own = reason[..end].split(' ').filter(|word| !is_key(word));
    own.flat_map(str::chars)
        .filter(|char| !char.is_ascii_digit())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Complaints, MANY, PAUSE};

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn a_reason_is_said_once_a_minute_whatever_its_numbers() {
        let complaints = Complaints::default();
        let start = Instant::now();
        let claim = |bytes: u32, after| complaints.note(&format!("claims {bytes} bytes"), start + after);
        assert_eq!(claim(7, Duration::ZERO), Some(0));
        assert_eq!(claim(8, MILLISECOND), None);
        assert_eq!(claim(7, PAUSE - MILLISECOND), None);
        assert_eq!(complaints.note("is truncated", start + MILLISECOND), Some(0));
        assert_eq!(claim(9, PAUSE), Some(2));
        assert_eq!(claim(9, PAUSE + MILLISECOND), None);
        assert_eq!(claim(9, 2 * PAUSE), Some(1));
    }

    #[test]
    fn keys_that_are_turned_away_are_one_reason() {
        let complaints = Complaints::default();
        let start = Instant::now();
        let unknown = |digit: &str| {
            let key = digit.repeat(64);
            complaints.note(&format!("the key {key} is not authorised"), start)
        };
        assert_eq!(unknown("a"), Some(0));
        assert_eq!(unknown("b"), None);
        assert_eq!(complaints.note("the list is not readable", start), Some(0));
    }

    #[test]
    fn what_peers_say_in_their_own_words_is_one_reason() {
        let complaints = Complaints::default();
        let start = Instant::now();
        let abort = |words: &str| complaints.note(&format!("Failed: remote exception: {words}"), start);
        assert_eq!(abort("so there"), Some(0));
        assert_eq!(abort("and another thing"), None);
        assert_eq!(complaints.note("Failed: so there", start), Some(0));
    }

    #[test]
    fn no_more_reasons_are_kept_than_fit() {
        let complaints = Complaints::default();
        let start = Instant::now();
        let reason = |number: usize| "x".repeat(number);
        let said = (0..100).filter(|number| complaints.note(&reason(*number), start).is_some());
        assert_eq!(said.count(), MANY);
        // The last of them stands for all others, whose number is told; the rest make room.
        let later = start + PAUSE;
        assert_eq!(complaints.note(&reason(50), later), Some(0));
        assert_eq!(complaints.note(&reason(MANY - 1), later), Some(84));
    }
}
