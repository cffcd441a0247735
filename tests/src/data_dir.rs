//! A data directory of its own for each test, at a path that is not plain ASCII.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use fs_err as fs;
use tempfile::TempDir;

use crate::{Log, Port};

/// A fresh data directory with the `syscoin.conf` that upstream's test rig writes, and the ports named there.
#[derive(Debug)]
pub struct DataDir {
    root: TempDir,
    path: PathBuf,
    p2p_port: Port,
    rpc_port: Port,
}

impl DataDir {
    /// Makes one.
    ///
    /// # Errors
    /// When the system has no room or no port for it.
    pub fn new() -> Result<Self> {
        let root = tempfile::Builder::new()
            .prefix("syscoin_func_test_₿_🏃_")
            .tempdir()?;
        let path = root.path().join("node0 ₿🏃");
        fs::create_dir(&path)?;
        let data_dir = Self {
            root,
            path,
            p2p_port: Port::reserve()?,
            rpc_port: Port::reserve()?,
        };
        data_dir.write_config(&data_dir.rig_config())?;
        Ok(data_dir)
    }

    /// The configuration file of upstream's test rig, ending in its `[regtest]` section.
    #[must_use]
    pub fn rig_config(&self) -> String {
        let (p2p_port, rpc_port) = (self.p2p_port.number(), self.rpc_port.number());
        format!(
            "regtest=1\n[regtest]\nport={p2p_port}\nrpcport={rpc_port}\nrpcservertimeout=99000\nrpcdoccheck=1\n\
             fallbackfee=0.0002\nserver=1\nkeypool=1\ndiscover=0\ndnsseed=0\nfixedseeds=0\nlistenonion=0\n\
             peertimeout=999999999\nprinttoconsole=0\nupnp=0\nnatpmp=0\nshrinkdebugfile=0\nunsafesqlitesync=1\n\
             connect=0\nbind=127.0.0.1\n"
        )
    }

    /// Replaces `syscoin.conf`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_config(&self, text: &str) -> Result<()> {
        self.write("syscoin.conf", text)
    }

    /// Writes a file of this name into the data directory.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.path.join(name), text)?)
    }

    /// The data directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An empty place outside the data directory that is removed with it.
    #[must_use]
    pub fn outside(&self) -> &Path {
        self.root.path()
    }

    /// The part of the data directory that belongs to the regtest network, with `name` appended.
    #[must_use]
    pub fn regtest(&self, name: &str) -> PathBuf {
        self.path.join("regtest").join(name)
    }

    /// The option that names the data directory.
    #[must_use]
    pub fn option(&self) -> OsString {
        let mut option = OsString::from("-datadir=");
        option.push(&self.path);
        option
    }

    /// The port of the RPC server.
    #[must_use]
    pub fn rpc_port(&self) -> &Port {
        &self.rpc_port
    }

    /// The log of the regtest network.
    #[must_use]
    pub fn log(&self) -> Log {
        Log::new(self.regtest("debug.log"))
    }

    /// User and password from the cookie, as `__cookie__:password`.
    ///
    /// # Errors
    /// When there is no cookie or it is not of that form.
    pub fn cookie(&self) -> Result<String> {
        let cookie = fs::read_to_string(self.regtest(".cookie"))?;
        ensure!(cookie.starts_with("__cookie__:"), "not a cookie: {cookie:?}");
        Ok(cookie)
    }
}
