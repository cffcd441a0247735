//! What earlier clients of the mining interfaces call.

use std::rc::Rc;

use interfaces::{BlockTemplate, BlockVerdict};

use super::Served;
use crate::convert::Bytes as _;
use crate::schema::mining_capnp::block_template;

impl Served<dyn BlockTemplate> {
    /// `submitSolution` as clients of Bitcoin Core 31 know it, who are not told why a block is refused.
    pub(crate) async fn submit_solution_old7(
        self: Rc<Self>,
        params: block_template::SubmitSolutionOld7Params,
        mut results: block_template::SubmitSolutionOld7Results,
    ) -> capnp::Result<()> {
        let connection = self.connection();
        let parameters = params.get().inspect_err(|_| connection.link().begrudge())?;
        let request = connection.receive("BlockTemplate.submitSolutionOld7", parameters);
        let outcome = async {
            let turn = request.turn(parameters.get_context()?).await?;
            let object = self.object()?;
            let (version, timestamp) = (parameters.get_version(), parameters.get_timestamp());
            let (nonce, coinbase) = (
                parameters.get_nonce(),
                bitcoin::Transaction::read(parameters.get_coinbase()?)?,
            );
            let verdict = request
                .run(turn, object, move |object| async move {
                    object.submit_solution(version, timestamp, nonce, coinbase).await
                })
                .await?;
            results.get().set_result(verdict == BlockVerdict::Accepted);
            let size = results.get().total_size();
            request.respond(size, results.get().reborrow_as_reader())
        }
        .await;
        request.close(outcome)
    }
}
