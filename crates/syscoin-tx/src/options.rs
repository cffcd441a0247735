//! The program's options.

use app::options::OptionCategory::General;
use app::options::{OptionSpec, OptionTable, chain_options, help_options};
use app::program::Program;

/// The program, as `-help` presents it.
pub(crate) const PROGRAM: Program = Program {
    name: "syscoin-tx",
    title: "Syscoin Core syscoin-tx utility",
    usage: "syscoin-tx [options] <hex-tx> [commands]  Change a transaction; - reads it from standard input\n\
            or:     syscoin-tx [options] -create [commands]   Make a new one\n\
            \n\
            Commands:\n\
            \n\
            \x20 delin=N                                  Remove input N\n\
            \x20 delout=N                                 Remove output N\n\
            \x20 in=TXID:VOUT(:SEQUENCE_NUMBER)           Add an input\n\
            \x20 locktime=N                               Set the lock time\n\
            \x20 nversion=N                               Set the version\n\
            \x20 outaddr=VALUE:ADDRESS                    Add an output to an address\n\
            \x20 outdata=[VALUE:]DATA                     Add an output with data that nobody can spend\n\
            \x20 outmultisig=VALUE:REQUIRED:PUBKEYS:PUBKEY1:PUBKEY2:....[:FLAGS]\n\
            \x20                                          Add an output to several keys\n\
            \x20 outpubkey=VALUE:PUBKEY[:FLAGS]           Add an output to a key\n\
            \x20 outscript=VALUE:SCRIPT[:FLAGS]           Add an output to a script\n\
            \x20                                          FLAGS: W pays to the hash for a witness, S to a script's hash\n\
            \x20 replaceable(=N)                          Let another transaction replace this one, by input N or all\n\
            \x20 sign=SIGHASH-FLAGS                       Sign with the keys of register privatekeys the outputs of\n\
            \x20                                          register prevtxs\n\
            \n\
            Registers:\n\
            \n\
            \x20 load=NAME:FILENAME                       Read JSON from a file\n\
            \x20 set=NAME:JSON-STRING                     Set to JSON\n",
};

pub(crate) fn table() -> OptionTable {
    OptionTable::new()
        .add(help_options())
        .add(chain_options())
        .add([
            OptionSpec::new("create", General, "Begin with an empty transaction."),
            OptionSpec::new("json", General, "Show the transaction as JSON."),
            OptionSpec::new("txid", General, "Show the transaction's id alone."),
        ])
        .accept_positional()
}
