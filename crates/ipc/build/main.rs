//! Compiles `schema/*.capnp` with the schema compiler that the active site profile names, and generates the adapters
//! between the schemas' interfaces and the traits of crate `interfaces`.

mod calls;
mod client;
mod model;
mod reading;
mod server;
mod structures;
mod values;

use std::error::Error;
use std::path::{Path, PathBuf};

use site_profile::{CONFIG_SITE, SiteProfile};

const SCHEMAS: [&str; 12] = [
    "schema/chain.capnp",
    "schema/common.capnp",
    "schema/echo.capnp",
    "schema/handler.capnp",
    "schema/init.capnp",
    "schema/mining.capnp",
    "schema/mp/proxy.capnp",
    "schema/node.capnp",
    "schema/process.capnp",
    "schema/rpc.capnp",
    "schema/rust.capnp",
    "schema/wallet.capnp",
];

fn main() {
    if let Err(error) = compile() {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
        println!(
            "cargo::error=the schemas of crates/ipc need a site profile with multiprocess: \
             run `cargo xtask build MULTIPROCESS=1 NO_QT=1 --install-tools`"
        );
        std::process::exit(1);
    }
}

fn compile() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={CONFIG_SITE}");
    println!("cargo::rerun-if-changed=schema");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let profile = SiteProfile::active(&workspace)?;
    println!("cargo::rerun-if-changed={}", profile.path().display());
    let compiler = profile.tool("capnp")?;
    println!("cargo::rerun-if-changed={}", compiler.display());
    let out_dir =
        PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: cargo runs this program")?);
    let request = out_dir.join("schema.bin");
    let mut command = capnpc::CompilerCommand::new();
    command.default_parent_module(vec!["schema".to_owned()]);
    command
        .capnp_executable(compiler)
        .src_prefix("schema")
        .import_path("schema")
        .no_standard_import()
        .raw_code_generator_request_path(&request);
    for schema in SCHEMAS {
        command.file(schema);
    }
    command.run()?;
    let schemas = reading::read(&fs_err::read(&request)?)?;
    fs_err::write(out_dir.join("structures.rs"), structures::generate(&schemas))?;
    fs_err::write(out_dir.join("adapters.rs"), calls::generate(&schemas))?;
    Ok(())
}
