//! What the system and the C library know of this process's memory.

mod heap;

use std::io;

pub(crate) use heap::heap_description;

/// The process's mappings in sum.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Bytes of address space.
    pub(crate) total: u64,
    /// Bytes of it in physical memory.
    pub(crate) resident: u64,
    /// Bytes of it that cannot be swapped out.
    pub(crate) locked: u64,
    /// Mappings with something in physical memory.
    pub(crate) resident_mappings: u64,
    /// Mappings with nothing in physical memory.
    pub(crate) empty_mappings: u64,
}

/// Reads them.
///
/// # Errors
/// The system has no such file; only Linux does.
pub(crate) fn figures() -> io::Result<Figures> {
    fs_err::read_to_string("/proc/self/smaps").map(|text| sum(&text))
}

/// Adds the mappings up. Each has lines such as `Rss:  12 kB`, the size first.
fn sum(text: &str) -> Figures {
    let mut figures = Figures::default();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(key), Some(Ok(kibibytes))) = (words.next(), words.next().map(str::parse::<u64>)) else {
            continue;
        };
        let bytes = kibibytes * 1024;
        match key {
            "Size:" => figures.total += bytes,
            "Rss:" => {
                figures.resident += bytes;
                if bytes > 0 {
                    figures.resident_mappings += 1;
                } else {
                    figures.empty_mappings += 1;
                }
            }
            "Locked:" => figures.locked += bytes,
            _ => {}
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_added_up() {
        let text = "55d0-55d1 r--p 00000000 fe:00 1234  /bin/x ₿\nSize:   8 kB\nRss:   4 kB\nLocked:   4 kB\n\
                    7f00-7f01 ---p 0 0:0 0\nSize:   64 kB\nRss:   0 kB\nLocked:   0 kB\nVmFlags: mr mw\n";
        let expected = Figures {
            total: 73_728,
            resident: 4096,
            locked: 4096,
            resident_mappings: 1,
            empty_mappings: 1,
        };
        assert_eq!(sum(text), expected);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory() {
        let figures = figures().unwrap();
        assert!(
            figures.resident > 0 && figures.resident <= figures.total,
            "{figures:?}"
        );
    }
}
