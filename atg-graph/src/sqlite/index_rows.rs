//! [`Identity`], and the rows of the [`Index`](super::index::Index): one a node, by number.

/// Rows a chunk.
const CHUNK: usize = 1 << 14;

/// What identifies a node here and in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) hash: u64,
    pub(super) checksum: u32,
}

impl From<u128> for Identity {
    #[expect(clippy::cast_possible_truncation, reason = "the parts are meant")]
    fn from(hash: u128) -> Self {
        Self { hash: hash as u64, checksum: (hash >> 64) as u32 }
    }
}

impl Identity {
    /// The two columns that hold it.
    pub(super) fn columns(self) -> (i64, i64) {
        (self.hash.cast_signed(), i64::from(self.checksum))
    }
}

/// One node; all zero where the number is free. Packed, for there may be millions.
#[derive(Clone, Copy, Default)]
#[repr(C, packed(4))]
pub(super) struct Row {
    pub(super) hash: u64,
    pub(super) content: u64,
    pub(super) relationships: u64,
    pub(super) checksum: u32,
}

/// Row storage by number, from 1 on.
#[derive(Default)]
pub(super) struct Rows {
    chunks: Vec<Vec<Row>>,
    /// The highest number there is.
    pub(super) length: u32,
}

impl Rows {
    pub(super) fn get(&self, nid: u32) -> Row {
        let at = nid.wrapping_sub(1) as usize;
        let row = self.chunks.get(at / CHUNK).and_then(|chunk| chunk.get(at % CHUNK));
        row.copied().unwrap_or_default()
    }

    pub(super) fn get_mut(&mut self, nid: u32) -> Option<&mut Row> {
        let at = nid.wrapping_sub(1) as usize;
        self.chunks.get_mut(at / CHUNK).and_then(|chunk| chunk.get_mut(at % CHUNK))
    }

    pub(super) fn push(&mut self, row: Row) {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(row);
        }
        self.length += 1;
    }

    pub(super) fn identity(&self, nid: u32) -> Identity {
        let row = self.get(nid);
        Identity { hash: row.hash, checksum: row.checksum }
    }
}
