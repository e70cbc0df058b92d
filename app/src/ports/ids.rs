/// Makes what must not be guessed or repeated. The only place where randomness enters the program.
pub trait Ids: Send + Sync {
    /// Fills the buffer with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}
