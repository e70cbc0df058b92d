use std::fs;

use anyhow::{Context, Result};

/// On what was measured, in one line: processor, cores, memory, kernel, and how busy it was with other things.
pub(crate) fn description() -> Result<String> {
    let read = |path: &str| fs::read_to_string(path).with_context(|| format!("{path}: figures are taken on Linux"));
    let processors = read("/proc/cpuinfo")?;
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let memory = read("/proc/meminfo")?;
    let kibibytes: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap_or_default();
    let load = read("/proc/loadavg")?;
    let kernel = read("/proc/sys/kernel/osrelease")?;
    Ok(format!(
        "{cores} cores of {}, {} GiB of memory, Linux {}; {} processes wanted to run at the start",
        model.trim_start_matches([' ', '\t', ':']),
        kibibytes / 1024 / 1024,
        kernel.trim().split('-').next().unwrap_or_default(),
        load.split(' ').next().unwrap_or_default(),
    ))
}
