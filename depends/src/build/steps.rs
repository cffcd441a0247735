//! Explicit steps: the recipe's own commands.

use super::{BuildError, Context};
use crate::observer::Phase;
use crate::process::Program;
use crate::recipe::Template;

impl Context<'_> {
    pub(super) fn run_steps(&self, steps: &[Vec<Template>], phase: Phase) -> Result<(), BuildError> {
        for step in steps {
            let mut words = step.iter().map(|word| self.render(word));
            let Some(name) = words.next() else { continue };
            let native = self.native().join("bin").join(&name);
            let program = if native.is_file() {
                native
            } else {
                self.system_tool(&name)?
            };
            let program = Program::new(program)
                .arguments(words)
                .directory(&self.build_directory());
            self.run(program, phase)?;
        }
        Ok(())
    }
}
