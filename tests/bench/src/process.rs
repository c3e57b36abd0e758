//! What a process uses, as Linux accounts it.

use std::fs;

/// Nanoseconds on the processor of all threads that live.
pub fn cpu_nanos() -> u64 {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return 0;
    };
    let spent = tasks.filter_map(Result::ok).filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_ascii_whitespace().next()?.parse::<u64>().ok()
    });
    spent.sum()
}

/// Bytes resident now.
pub fn resident() -> u64 {
    status("VmRSS:")
}

/// Bytes resident at most, since the start or the last [`reset_peak`].
pub fn peak() -> u64 {
    status("VmHWM:")
}

/// Starts the peak anew; where the kernel refuses, the peak stays that of the whole process.
pub fn reset_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Bytes resident now, of another process.
pub fn resident_of(pid: u32) -> u64 {
    status_of(&pid.to_string(), "VmRSS:")
}

fn status(field: &str) -> u64 {
    status_of("self", field)
}

fn status_of(process: &str, field: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
