//! What a program has used, asked between its end and its being forgotten.

use std::time::Duration;

/// The processor time of the process `id` and of all its children that have ended, while it is not waited for yet.
#[cfg(target_os = "linux")]
pub(super) fn processor_time(id: u32) -> Option<Duration> {
    let text = fs_err::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let ticks = ticks(&text)?;
    let per_second = rustix::param::clock_ticks_per_second();
    Some(Duration::from_nanos(
        ticks.checked_mul(1_000_000_000)?.checked_div(per_second)?,
    ))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn processor_time(_: u32) -> Option<Duration> {
    None
}

/// The sum of a process's and its children's time in user and in system mode, from a line of proc_pid_stat(5).
#[cfg(target_os = "linux")]
fn ticks(stat: &str) -> Option<u64> {
    // The name of the program may hold anything, parentheses and spaces included.
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    // utime is the 14th field of the line, cstime the 17th; the first here is the third there.
    fields
        .get(11..15)?
        .iter()
        .map(|field| field.parse::<u64>().ok())
        .sum()
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_process_and_its_children_are_summed() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 100 20 3000 4 20 0";
        let rows = [
            (format!("7 (sh) {tail}"), Some(3124)),
            (format!("7 (a) b (c)) {tail}"), Some(3124)),
            ("7 (sh) Z 1 2".to_owned(), None),
            (String::new(), None),
        ];
        for (line, expected) in rows {
            assert_eq!(ticks(&line), expected, "{line}");
        }
    }
}
