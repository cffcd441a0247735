//! `cargo xtask depends vendor`.

use std::path::Path;

use depends::host::Host;

use super::{explain, open};
use crate::arguments::depends::upkeep::VendorArguments;
use crate::arguments::{DependsArguments, UsageError};

pub(super) fn run(depends: &DependsArguments, arguments: &VendorArguments) -> miette::Result<()> {
    let words = depends.targets();
    let [directory] = words[..] else {
        let message = match words.len() {
            0 => "vendor needs a directory".to_owned(),
            _ => format!("vendor takes one directory, not {}", words.join(", ")),
        };
        let help = "cargo xtask depends vendor DIR MULTIPROCESS=1 --all-hosts".to_owned();
        return Err(UsageError { message, help }.into());
    };
    let engine = open(depends)?;
    let hosts: Vec<&str> = if arguments.all_hosts {
        Host::all().iter().map(|host| host.triplet.as_str()).collect()
    } else if arguments.host.is_empty() {
        vec![&engine.host().triplet]
    } else {
        arguments.host.iter().map(String::as_str).collect()
    };
    let vendored = engine
        .vendor(Path::new(directory), &hosts)
        .map_err(|error| explain(error, false))?;
    for file in &vendored.copied {
        println!("copied {file}");
    }
    println!(
        "{directory} has {} sources, {} of them new, {} bytes; SHA256SUMS lists them",
        vendored.copied.len() + vendored.present.len(),
        vendored.copied.len(),
        vendored.n_bytes
    );
    Ok(())
}
