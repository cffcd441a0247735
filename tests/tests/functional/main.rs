//! Functional tests of the built executables: as one target, so that all of them run side by side.

mod assume_valid;
mod block_contents;
mod chain;
mod children;
mod cli;
mod coins;
mod config_file;
mod damage;
mod damaged_pages;
mod fees;
mod full_disk;
mod generating;
mod handmade;
mod http;
mod http_load;
mod importing;
mod indexes;
mod ipc_cli;
mod ipc_info;
mod ipc_keys;
mod ipc_listen;
mod ipc_log;
mod ipc_settings;
mod kills;
mod life;
mod log;
mod mempool;
mod mempool_calls;
mod mempool_size;
mod merge_mining;
mod mining;
mod mints;
mod network;
mod packages;
mod peers_files;
mod programs;
mod psbt;
mod rest;
mod rig;
mod rpc_access;
mod rpc_methods;
mod rules;
mod serialization;
mod settings;
mod snapshots;
mod start_errors;
mod submission;
mod test_accept;
mod warnings;
mod zmq;

#[cfg(target_os = "linux")]
mod attack;
#[cfg(target_os = "linux")]
mod gui;
#[cfg(target_os = "linux")]
mod ipc_crowds;
#[cfg(target_os = "linux")]
mod ipc_faults;
#[cfg(target_os = "linux")]
mod ipc_tolls;
#[cfg(target_os = "linux")]
mod ipc_waits;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod wallet_connect;
#[cfg(target_os = "linux")]
mod wallet_process;
