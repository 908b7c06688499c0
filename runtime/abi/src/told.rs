//! What is known of why a callback of the host fails.

use remotemedia_core::Fault;

use crate::error::Failure;
use crate::status::rm_status;

#[derive(Default)]
pub(crate) struct Told {
    /// What the callback has said itself.
    pub fault: Option<Fault>,
    /// The last call of the library in it that has failed.
    refused: Option<Failure>,
}

impl Told {
    /// Notes that a function of the library has failed in the callback.
    pub fn note_refusal(&mut self, function: &str, failure: &Failure) {
        self.refused = Some(Failure::new(failure.status, format!("{function}: {}", failure.message)));
    }

    /// Why the callback has answered a status: what it has said, or else why the function failed whose status it hands on.
    pub fn why(self, status: rm_status) -> Option<Fault> {
        let refused = self.refused.filter(|refused| refused.status == status);
        self.fault.or_else(|| refused.map(|refused| Fault::new(refused.message)))
    }
}
