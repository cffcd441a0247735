//! The bootstrap object: the methods that set a connection up, and those of ours for spawned processes.

use std::rc::Rc;

use capnp::Error;
use interfaces::Init;

use super::Served;
use crate::error::exception;
use crate::schema::init_capnp::init;
use crate::schema::process_capnp::child;

impl Served<dyn Init> {
    /// Gives the peer the threads of this side. None of the interfaces calls the peer back, so its own are not kept. A
    /// parent that has not said how to log by now does not mean to.
    pub(crate) async fn construct(
        self: Rc<Self>,
        params: init::ConstructParams,
        mut results: init::ConstructResults,
    ) -> Result<(), Error> {
        let connection = self.connection();
        let configure = connection.configure_logging.borrow_mut().take();
        if let Some(configure) = configure {
            configure(&[]).map_err(exception)?;
        }
        let request = connection.receive("Init.construct", &params.get()?);
        results.get().set_thread_map(connection.threads.map());
        let size = results.get().total_size();
        request.respond(size, &results.get().reborrow_as_reader())
    }
}

impl child::Server for Served<dyn Init> {
    async fn configure_logging(
        self: Rc<Self>,
        params: child::ConfigureLoggingParams,
        _: child::ConfigureLoggingResults,
    ) -> Result<(), Error> {
        let mut settings = Vec::new();
        for setting in params.get()?.get_settings()? {
            let name = setting.get_name()?.to_string()?;
            let value = setting.get_value()?.to_string()?;
            settings.push((name, value));
        }
        let configure = self.connection().configure_logging.borrow_mut().take();
        match configure {
            Some(configure) => configure(&settings).map_err(exception),
            None => Err(exception("this process has its log settings already")),
        }
    }
}
