//! [`Copier`]: writing the copies, a page of the template at a time.

use atg_core::{BatchKind, GraphReader, GraphSink, Node, RelationshipFilter, Result, Text};
use futures::TryStreamExt;

use super::filler::Filler;
use super::in_flight::{Guides, InFlight, MOST_ROWS};
use super::report::{ScalePhase, ScaleProgress};
use super::stencil::{NodeStencil, RelationshipStencil};
use super::template::{Template, read_only_filter};
use super::write::{Owned, write_nodes, write_relationships};

/// Bytes in one batch, about: bounds memory where bodies are large.
const BATCH_BYTES: usize = 8 << 20;
/// Rows in a page of the template at least, so that a copy's ids are not made anew for a few.
const SMALLEST_PAGE: usize = 64;
/// Batches in flight at the most.
const MOST_IN_FLIGHT: usize = 2;

/// Copies of which batches in flight may hold nodes while no other has any: each batch goes from copy
/// to copy through a page of the template.
pub(super) fn copies_in_flight(template: &Template) -> usize {
    let page = usize::try_from(template.nodes).unwrap_or(usize::MAX).clamp(1, SMALLEST_PAGE);
    MOST_IN_FLIGHT * (MOST_ROWS.div_ceil(page) + 2)
}

/// Writes `copies` copies of a template; memory does not grow with the graph.
pub(super) struct Copier<'a, R, S> {
    pub(super) reader: &'a R,
    pub(super) sink: &'a S,
    pub(super) template: &'a Template,
    pub(super) operation: &'a Text,
    pub(super) copies: u64,
    /// Relationships that the template has, about.
    pub(super) template_relationships: u64,
    pub(super) guides: &'a Guides,
    pub(super) progress: &'a (dyn Fn(ScaleProgress) + Send + Sync),
}

impl<'a, R: GraphReader, S: GraphSink + Clone + 'static> Copier<'a, R, S> {
    /// Copies the nodes; gives how many the copies have.
    pub(super) async fn nodes(&self) -> Result<u64> {
        let profile = self.sink.profile();
        let total = self.template.nodes.saturating_mul(self.copies);
        let at_once = profile.node_writers;
        let mut writes = self.writes(ScalePhase::Nodes, at_once, Some(total), total);
        let mut batch = Batch::new(writes.next_size());
        let mut page = Batch::new(self.page_rows(profile.node_rows));
        let mut nodes = self.reader.nodes(read_only_filter(), None);
        while let Some(node) = nodes.try_next().await? {
            if let Some(stencil) = NodeStencil::new(node, self.template) {
                let size = stencil.size();
                if page.push(stencil, size) {
                    self.copy_nodes(page.take(), &mut batch, &mut writes).await?;
                }
            }
        }
        self.copy_nodes(page.take(), &mut batch, &mut writes).await?;
        self.send_nodes(&mut batch, &mut writes).await?;
        writes.finish().await
    }

    /// Copies the relationships; gives how many the template has, and how many the copies.
    pub(super) async fn relationships(&self) -> Result<(u64, u64)> {
        let profile = self.sink.profile();
        let at_once = profile.relationship_writers;
        let about = self.template_relationships.saturating_mul(self.copies);
        let mut writes = self.writes(ScalePhase::Relationships, at_once, None, about);
        let mut batch = Batch::new(writes.next_size());
        let mut page = Batch::new(self.page_rows(profile.relationship_rows));
        let mut template_relationships = 0;
        let filter = RelationshipFilter { synthetic: Some(false), ..RelationshipFilter::default() };
        let mut relationships = self.reader.relationships(filter, None);
        while let Some(relationship) = relationships.try_next().await? {
            if let Some(stencil) = RelationshipStencil::new(relationship, self.template) {
                template_relationships += 1;
                let size = stencil.size();
                if page.push(stencil, size) {
                    self.copy_relationships(page.take(), &mut batch, &mut writes).await?;
                }
            }
        }
        self.copy_relationships(page.take(), &mut batch, &mut writes).await?;
        self.send_relationships(&mut batch, &mut writes).await?;
        Ok((template_relationships, writes.finish().await?))
    }

    async fn copy_nodes(
        &self,
        page: Vec<NodeStencil>,
        batch: &mut Batch<Node>,
        writes: &mut InFlight<'a>,
    ) -> Result<()> {
        for copy in 0..self.copies_of(&page) {
            let mut filler = Filler::new(self.template, self.operation, copy);
            for stencil in &page {
                let node = stencil.fill(&mut filler)?;
                if batch.push(node, stencil.size()) {
                    self.send_nodes(batch, writes).await?;
                }
            }
        }
        Ok(())
    }

    async fn copy_relationships(
        &self,
        page: Vec<RelationshipStencil>,
        batch: &mut Batch<Owned>,
        writes: &mut InFlight<'a>,
    ) -> Result<()> {
        for copy in 0..self.copies_of(&page) {
            let mut filler = Filler::new(self.template, self.operation, copy);
            for stencil in &page {
                let relationship = stencil.fill(&mut filler)?;
                let by_source = *stencil.owner(&relationship) == relationship.source;
                if batch.push(Owned { relationship, by_source }, stencil.size()) {
                    self.send_relationships(batch, writes).await?;
                }
            }
        }
        Ok(())
    }

    async fn send_nodes(&self, batch: &mut Batch<Node>, writes: &mut InFlight<'a>) -> Result<()> {
        let size = batch.size();
        if size.0 == 0 {
            return Ok(());
        }
        writes.push(size, write_nodes(self.sink.clone(), batch.take())).await?;
        batch.rows = writes.next_size();
        Ok(())
    }

    async fn send_relationships(
        &self,
        batch: &mut Batch<Owned>,
        writes: &mut InFlight<'a>,
    ) -> Result<()> {
        let size = batch.size();
        if size.0 == 0 {
            return Ok(());
        }
        writes.push(size, write_relationships(self.sink.clone(), batch.take())).await?;
        batch.rows = writes.next_size();
        Ok(())
    }

    fn copies_of<T>(&self, page: &[T]) -> u64 {
        if page.is_empty() { 0 } else { self.copies }
    }

    /// Rows of the template that make about one batch, all copies taken together.
    fn page_rows(&self, batch_rows: usize) -> usize {
        let copies = usize::try_from(self.copies).unwrap_or(usize::MAX).max(1);
        (batch_rows / copies).max(SMALLEST_PAGE)
    }

    fn writes(
        &self,
        phase: ScalePhase,
        at_once: usize,
        total: Option<u64>,
        about: u64,
    ) -> InFlight<'a> {
        let progress = self.progress;
        let kind = match phase {
            ScalePhase::Nodes => BatchKind::Nodes,
            ScalePhase::Relationships => BatchKind::Relationships,
        };
        let at_once = at_once.min(MOST_IN_FLIGHT);
        InFlight::new(kind, at_once, about, self.guides, move |done| {
            progress(ScaleProgress { phase, done, total });
        })
    }
}

/// Rows up to a number, and to a bound on bytes.
struct Batch<T> {
    items: Vec<T>,
    rows: usize,
    bytes: usize,
}

impl<T> Batch<T> {
    fn new(rows: usize) -> Self {
        Self { items: Vec::new(), rows, bytes: 0 }
    }

    /// Adds a row; says whether the batch is full.
    fn push(&mut self, item: T, bytes: usize) -> bool {
        self.items.push(item);
        self.bytes += bytes;
        self.items.len() >= self.rows || self.bytes >= BATCH_BYTES
    }

    /// Rows and bytes.
    fn size(&self) -> (usize, usize) {
        (self.items.len(), self.bytes)
    }

    fn take(&mut self) -> Vec<T> {
        self.bytes = 0;
        std::mem::take(&mut self.items)
    }
}
