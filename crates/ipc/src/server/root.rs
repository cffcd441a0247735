//! The root object: the methods that set a connection up, and those between processes of this project.

use std::rc::Rc;

use capnp::Error;
use interfaces::Init;

use super::Served;
use crate::connection::VERSIONS;
use crate::error::exception;
use crate::schema::init_capnp::init;
use crate::schema::process_capnp::process;

impl Served<dyn Init> {
    /// Gives each side the threads of the other. A parent that has not said how to log by now does not mean to.
    pub(crate) async fn construct(
        self: Rc<Self>,
        params: init::ConstructParams,
        results: init::ConstructResults,
    ) -> Result<(), Error> {
        self.mind(self.exchange_threads(&params, results))
    }

    fn exchange_threads(
        &self,
        params: &init::ConstructParams,
        mut results: init::ConstructResults,
    ) -> Result<(), Error> {
        let connection = self.connection();
        if let Some(configure) = connection.take_configure_logging() {
            configure(&[]).map_err(exception)?;
        }
        let parameters = params.get()?;
        let request = connection.receive("Init.construct", parameters);
        if parameters.has_thread_map() {
            connection.set_remote_threads(parameters.get_thread_map()?);
        }
        results.get().set_thread_map(connection.thread_map());
        let size = results.get().total_size();
        request.respond(size, results.get().reborrow_as_reader())
    }

    /// Chooses the highest version that both sides speak.
    pub(crate) async fn negotiate(
        self: Rc<Self>,
        params: process::NegotiateParams,
        results: process::NegotiateResults,
    ) -> Result<(), Error> {
        self.mind(self.choose_version(&params, results))
    }

    fn choose_version(
        &self,
        params: &process::NegotiateParams,
        mut results: process::NegotiateResults,
    ) -> Result<(), Error> {
        let parameters = params.get()?;
        let (minimum, maximum) = (parameters.get_minimum(), parameters.get_maximum());
        let (lowest, highest) = VERSIONS.into_inner();
        let version = maximum.min(highest);
        if version < minimum.max(lowest) {
            return Err(exception(format_args!(
                "this process speaks versions {lowest} to {highest} of the interfaces, not {minimum} to {maximum}"
            )));
        }
        self.connection().account().set_version(version);
        results.get().set_version(version);
        Ok(())
    }

    /// Applies a parent's logging settings.
    pub(crate) async fn configure_logging(
        self: Rc<Self>,
        params: process::ConfigureLoggingParams,
        _: process::ConfigureLoggingResults,
    ) -> Result<(), Error> {
        self.mind(self.apply_settings(&params))
    }

    fn apply_settings(&self, params: &process::ConfigureLoggingParams) -> Result<(), Error> {
        let mut settings = Vec::new();
        for setting in params.get()?.get_settings()? {
            let name = setting.get_name()?.to_string()?;
            let value = setting.get_value()?.to_string()?;
            settings.push((name, value));
        }
        match self.connection().take_configure_logging() {
            Some(configure) => configure(&settings).map_err(exception),
            None => Err(exception("this process has its log settings already")),
        }
    }

    /// Minds a call that comes to nothing.
    fn mind(&self, outcome: Result<(), Error>) -> Result<(), Error> {
        outcome.inspect_err(|_| self.connection().link().begrudge())
    }
}
