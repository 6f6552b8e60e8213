"""All near-duplicates among many texts: shingles, the exact and the LSH join, clusters, on one machine or several."""
