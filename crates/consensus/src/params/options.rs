//! The options that change regtest's parameters, `-hrp`, which changes main's, and `-signetchallenge`, which changes
//! signet's.
//!
//! Each takes the text of one value. Texts of errors are upstream's, word for word.

mod assumed;
mod numbers;
mod signet;

use thiserror::Error;

pub use numbers::HeightOption;

use super::{BuriedDeployment, DeploymentStart, Params, VersionBitsDeployment};
use crate::activation::Activation;

/// Why an option's value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionError {
    /// `-testactivationheight` without `@`.
    #[error("Invalid format ({0}) for -testactivationheight=name@height.")]
    ActivationFormat(String),
    /// `-testactivationheight` with something else than a height.
    #[error("Invalid height value ({0}) for -testactivationheight=name@height.")]
    ActivationHeight(String),
    /// `-testactivationheight` of an unknown rule.
    #[error("Invalid name ({0}) for -testactivationheight=name@height.")]
    ActivationName(String),
    /// `-vbparams` with too few or too many parts.
    #[error("Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]")]
    VersionBitsFormat,
    /// `-vbparams` with a start that is no number.
    #[error("Invalid nStartTime ({0})")]
    VersionBitsStart(String),
    /// `-vbparams` with an end that is no number.
    #[error("Invalid nTimeout ({0})")]
    VersionBitsTimeout(String),
    /// `-vbparams` with a height that is no number.
    #[error("Invalid min_activation_height ({0})")]
    VersionBitsHeight(String),
    /// `-vbparams` of an unknown rule.
    #[error("Invalid deployment ({0})")]
    VersionBitsName(String),
    /// `-dip3params` without exactly one colon.
    #[error("DIP3 parameters malformed, expecting DIP3ActivationHeight:DIP3EnforcementHeight")]
    Dip3Format,
    /// `-dip3params` whose first part is no height.
    #[error("Invalid nDIP3ActivationHeight ({0})")]
    Dip3Activation(String),
    /// `-dip3params` whose second part is no height.
    #[error("Invalid nDIP3EnforcementHeight ({0})")]
    Dip3Enforcement(String),
    /// `-dip19params` that is no height.
    #[error("Invalid nDIP19ActivationHeight ({0})")]
    Dip19Activation(String),
    /// `-llmqtestparams` without exactly one colon.
    #[error("LLMQ_TEST parameters malformed, expecting <size>:<threshold>")]
    QuorumFormat,
    /// `-llmqtestparams` whose first part is no number of members.
    #[error("Invalid LLMQ_TEST size ({0})")]
    QuorumSize(String),
    /// `-llmqtestparams` whose second part is no number.
    #[error("Invalid LLMQ_TEST threshold ({0})")]
    QuorumThreshold(String),
    /// `-assumeutxo` with other parts.
    #[error("Invalid value ({0}) for -assumeutxo=height:blockhash:hash:transactions.")]
    AssumedCoins(String),
    /// `-signetchallenge` more than once.
    #[error("-signetchallenge cannot be multiple values.")]
    ChallengeMultiple,
    /// `-signetchallenge` that is not hexadecimal.
    #[error("-signetchallenge must be hex, not '{0}'.")]
    ChallengeHex(String),
    /// `-hrp` that no address can begin with. Upstream takes any text.
    #[error("Invalid -hrp ({0})")]
    Hrp(String),
}

/// The longest beginning of a bech32 address (BIP 173).
const MAX_HRP_LENGTH: usize = 83;

/// A number as upstream reads it: a sign may be there, blanks may not.
fn parse_i32(text: &str) -> Option<i32> {
    text.parse().ok()
}

/// A height below zero has been passed by every block.
fn activation(height: i32) -> Activation {
    Activation::at(u32::try_from(height).unwrap_or(0))
}

impl Params {
    /// Moves a rule by a value of `-testactivationheight`: `name@height`.
    ///
    /// # Errors
    /// [`OptionError`] if the value has another form, or the rule is unknown. Nothing is changed then.
    pub fn set_activation_height(&mut self, value: &str) -> Result<(), OptionError> {
        let (name, height) = value
            .split_once('@')
            .ok_or_else(|| OptionError::ActivationFormat(value.to_owned()))?;
        let height = parse_i32(height)
            .filter(|height| (0..i32::MAX).contains(height))
            .ok_or_else(|| OptionError::ActivationHeight(value.to_owned()))?;
        let deployment = BuriedDeployment::from_option(name)
            .ok_or_else(|| OptionError::ActivationName(value.to_owned()))?;
        let place = match deployment {
            BuriedDeployment::HeightInCoinbase => &mut self.heights.bip34,
            BuriedDeployment::CheckLockTimeVerify => &mut self.heights.bip65,
            BuriedDeployment::StrictSignatures => &mut self.heights.bip66,
            BuriedDeployment::CheckSequenceVerify => &mut self.heights.csv,
            BuriedDeployment::Segwit => &mut self.heights.segwit,
        };
        *place = activation(height);
        Ok(())
    }

    /// Changes a vote by a value of `-vbparams`: `deployment:start:end[:min_activation_height]`.
    ///
    /// # Errors
    /// [`OptionError`] if the value has another form, or the rule is unknown. Nothing is changed then.
    pub fn set_version_bits(&mut self, value: &str) -> Result<(), OptionError> {
        let parts: Vec<&str> = value.split(':').collect();
        let (name, start, timeout, height) = match parts[..] {
            [name, start, timeout] => (name, start, timeout, None),
            [name, start, timeout, height] => (name, start, timeout, Some(height)),
            _ => return Err(OptionError::VersionBitsFormat),
        };
        let start_number = start
            .parse()
            .map_err(|_not_a_number| OptionError::VersionBitsStart(start.to_owned()))?;
        let timeout_number = timeout
            .parse()
            .map_err(|_not_a_number| OptionError::VersionBitsTimeout(timeout.to_owned()))?;
        let height_number = match height {
            None => 0,
            Some(text) => parse_i32(text).ok_or_else(|| OptionError::VersionBitsHeight(text.to_owned()))?,
        };
        let which = VersionBitsDeployment::ALL
            .into_iter()
            .find(|deployment| deployment.name() == name)
            .ok_or_else(|| OptionError::VersionBitsName(name.to_owned()))?;
        let deployment = &mut self.deployments[which as usize];
        deployment.start = DeploymentStart::from_number(start_number);
        deployment.timeout = timeout_number;
        deployment.minimum_activation_height = u32::try_from(height_number).unwrap_or(0);
        Ok(())
    }

    /// Moves the rules of masternodes, and those of Nexus with them, by the value of `-dip3params`:
    /// `activation:enforcement`.
    ///
    /// # Errors
    /// [`OptionError`] if the value has another form. Nothing is changed then.
    pub fn set_dip3(&mut self, value: &str) -> Result<(), OptionError> {
        let parts: Vec<&str> = value.split(':').collect();
        let [first, second] = parts[..] else {
            return Err(OptionError::Dip3Format);
        };
        let height = parse_i32(first).ok_or_else(|| OptionError::Dip3Activation(first.to_owned()))?;
        let enforcement = parse_i32(second).ok_or_else(|| OptionError::Dip3Enforcement(second.to_owned()))?;
        self.heights.dip3 = activation(height);
        self.heights.nexus = activation(height);
        self.heights.dip3_enforcement = activation(enforcement);
        Ok(())
    }

    /// Changes what bech32 addresses begin with, by the value of `-hrp`.
    ///
    /// # Errors
    /// [`OptionError`] if addresses cannot begin so: it has between 1 and 83 lower-case letters, digits or signs of ASCII.
    /// Nothing is changed then.
    pub fn set_hrp(&mut self, value: &str) -> Result<(), OptionError> {
        let is_allowed = |byte: u8| (33..127).contains(&byte) && !byte.is_ascii_uppercase();
        if value.is_empty() || value.len() > MAX_HRP_LENGTH || !value.bytes().all(is_allowed) {
            return Err(OptionError::Hrp(value.to_owned()));
        }
        value.clone_into(&mut self.address.hrp);
        Ok(())
    }

    /// Moves the rules of basic BLS signatures by the value of `-dip19params`.
    ///
    /// # Errors
    /// [`OptionError`] if the value is no height. Nothing is changed then.
    pub fn set_dip19(&mut self, value: &str) -> Result<(), OptionError> {
        let height = parse_i32(value).ok_or_else(|| OptionError::Dip19Activation(value.to_owned()))?;
        self.heights.v19 = activation(height);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    /// What the options of a command line make of regtest's parameters, or the first error.
    fn check(set: fn(&mut Params, &str) -> Result<(), OptionError>, value: &str) -> Result<Params, String> {
        let mut params = Params::new(Network::Regtest);
        set(&mut params, value).map_err(|error| error.to_string())?;
        Ok(params)
    }

    #[test]
    fn activation_heights_move_the_rule_they_name() {
        for (value, deployment) in [
            ("bip34@17", BuriedDeployment::HeightInCoinbase),
            ("cltv@17", BuriedDeployment::CheckLockTimeVerify),
            ("dersig@17", BuriedDeployment::StrictSignatures),
            ("csv@17", BuriedDeployment::CheckSequenceVerify),
            ("segwit@17", BuriedDeployment::Segwit),
        ] {
            let params = check(Params::set_activation_height, value).expect(value);
            for other in BuriedDeployment::ALL {
                assert_eq!(
                    params.buried(other) == Activation::at(17),
                    other == deployment,
                    "{value} {other:?}"
                );
            }
        }
    }

    #[test]
    fn malformed_activation_heights_are_refused_in_upstreams_words() {
        for (value, text) in [
            ("", "Invalid format () for -testactivationheight=name@height."),
            (
                "csv",
                "Invalid format (csv) for -testactivationheight=name@height.",
            ),
            (
                "csv@",
                "Invalid height value (csv@) for -testactivationheight=name@height.",
            ),
            (
                "csv@-1",
                "Invalid height value (csv@-1) for -testactivationheight=name@height.",
            ),
            (
                "csv@2147483647",
                "Invalid height value (csv@2147483647) for -testactivationheight=name@height.",
            ),
            (
                "taproot@5",
                "Invalid name (taproot@5) for -testactivationheight=name@height.",
            ),
        ] {
            assert_eq!(
                check(Params::set_activation_height, value).unwrap_err(),
                text,
                "{value}"
            );
        }
    }

    #[test]
    fn version_bits_change_the_vote_they_name() {
        let params =
            check(Params::set_version_bits, "testdummy:-2:9223372036854775807:8").expect("well-formed");
        let dummy = params.deployment(VersionBitsDeployment::TestDummy);
        assert_eq!(dummy.start, DeploymentStart::NeverActive);
        assert_eq!((dummy.timeout, dummy.minimum_activation_height), (i64::MAX, 8));
        let params = check(Params::set_version_bits, "taproot:5:6").expect("well-formed");
        assert_eq!(
            params.deployment(VersionBitsDeployment::Taproot).start,
            DeploymentStart::At(5)
        );
        assert_eq!(params.deployment(VersionBitsDeployment::Taproot).timeout, 6);
    }

    #[test]
    fn malformed_version_bits_are_refused_in_upstreams_words() {
        let malformed =
            "Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]";
        for (value, text) in [
            ("", malformed),
            ("testdummy:0", malformed),
            ("testdummy:0:0:0:0", malformed),
            ("testdummy:x:0", "Invalid nStartTime (x)"),
            ("testdummy:0:", "Invalid nTimeout ()"),
            ("testdummy:0:0:x", "Invalid min_activation_height (x)"),
            ("dummy:0:0", "Invalid deployment (dummy)"),
        ] {
            assert_eq!(
                check(Params::set_version_bits, value).unwrap_err(),
                text,
                "{value}"
            );
        }
    }

    #[test]
    fn addresses_begin_as_they_can() {
        assert_eq!(
            check(Params::set_hrp, "sys1").expect("well-formed").address.hrp,
            "sys1"
        );
        for value in ["", "Sys", "s s", "s\u{e9}", &"s".repeat(84)] {
            assert_eq!(
                check(Params::set_hrp, value).unwrap_err(),
                format!("Invalid -hrp ({value})")
            );
        }
    }

    #[test]
    fn dip3_moves_masternodes_and_nexus() {
        let params = check(Params::set_dip3, "9000:9001").expect("well-formed");
        assert_eq!(params.heights.dip3, Activation::at(9000));
        assert_eq!(params.heights.nexus, Activation::at(9000));
        assert_eq!(params.heights.dip3_enforcement, Activation::at(9001));
        let malformed = "DIP3 parameters malformed, expecting DIP3ActivationHeight:DIP3EnforcementHeight";
        for (value, text) in [
            ("9000", malformed),
            ("1:2:3", malformed),
            ("x:1", "Invalid nDIP3ActivationHeight (x)"),
            ("1:", "Invalid nDIP3EnforcementHeight ()"),
        ] {
            assert_eq!(check(Params::set_dip3, value).unwrap_err(), text, "{value}");
        }
        assert_eq!(
            check(Params::set_dip19, "7").expect("well-formed").heights.v19,
            Activation::at(7)
        );
        assert_eq!(
            check(Params::set_dip19, "-").unwrap_err(),
            "Invalid nDIP19ActivationHeight (-)"
        );
    }
}
