// Medians with quartiles: they say as well how far single slices lie apart, and no outlier moves them.

/** @returns {{ median: number, low: number, high: number }} low and high are the quartiles. */
export function spread (values) {
  const sorted = Float64Array.from(values).sort()
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) }
}

export function percentile (values, share) {
  return quantile(Float64Array.from(values).sort(), share)
}

function quantile (sorted, share) {
  const place = (sorted.length - 1) * share
  const below = Math.floor(place)
  const above = Math.ceil(place)
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below)
}
