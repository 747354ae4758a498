//! What is allocated, as the allocator counts it, where that is asked for.

/// Whether it counts. It does not where time is measured: contestants that allocate more would
/// pay more for it.
pub(crate) const IS_COUNTED: bool = cfg!(feature = "allocations");

#[cfg(feature = "allocations")]
#[global_allocator]
static ALLOCATOR: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// Bytes in use.
pub(crate) fn used() -> usize {
    #[cfg(feature = "allocations")]
    return ALLOCATOR.current_usage();
    #[cfg(not(feature = "allocations"))]
    0
}

/// Starts a new peak.
pub(crate) fn reset_peak() {
    #[cfg(feature = "allocations")]
    ALLOCATOR.reset_peak_usage();
}

/// The most bytes that were in use at once since.
pub(crate) fn peak() -> usize {
    #[cfg(feature = "allocations")]
    return ALLOCATOR.peak_usage();
    #[cfg(not(feature = "allocations"))]
    0
}
