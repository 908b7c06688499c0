//! Following the pieces of a file.

/// What comes next in a file that should consist of pieces, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// A piece.
    Piece(T),
    /// Something that is no piece, or one that is damaged, with pieces after it.
    Broken,
    /// A piece without its end, or the end where there should be a piece.
    CutOff,
    /// The end, or nothing any more that looks like a piece.
    End,
}
