//! The engine as a whole, driven by its public interface with small recipes and a server on loopback.

mod build_systems;
mod support;
