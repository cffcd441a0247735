//! Every method of every interface, and the recorder's answers to them.

mod chain;
mod echo;
mod mining;
mod node;
mod rpc;
mod wallet;
