/* The inner loops of the near-duplicate engine. Called through ctypes, which lets go of Python's lock meanwhile.
 *
 * Every function here has a twin in curator/similarity/fallback.py with the same results; docs/dedupe.md says what they compute.
 * Plain C99 without dependencies. Nothing is kept between calls, so any number of threads may call at once.
 * "Sets" are the shingles of documents, one behind the other: those of document d are hashes[starts[d]] up to, but
 * without, hashes[starts[d + 1]], ascending, each once.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define PREFETCH(address) __builtin_prefetch(address)
INLINE int lowest_bit(uint64_t bits) { return __builtin_ctzll(bits); }
#else
#include <intrin.h>
#define INLINE static __forceinline
#define PREFETCH(address) ((void)0)
INLINE int lowest_bit(uint64_t bits) {
    unsigned long place;
    _BitScanForward64(&place, bits);
    return (int)place;
}
#endif

enum { OUT_OF_MEMORY = -1, OUT_OF_ROOM = -2 };

/* ---- Shingles ------------------------------------------------------------------------------------------------- */

enum { SIZE = 5 };
static const uint64_t TOKEN_FACTOR = 0x9E3779B97F4A7C15u; /* the constants of curator/similarity/shingles.py */
static const uint64_t RUN_FACTOR = 0xD6E8FEB86659FD93u;
static const uint64_t LAST_FACTOR = 0xFF51AFD7ED558CCDu;

INLINE uint64_t last(uint64_t run) {
    run ^= run >> 32;
    run *= LAST_FACTOR;
    return run ^ (run >> 29);
}

/* For every byte what it counts as in a token, 0 if it ends one. All bytes beyond ASCII count: texts that have any
 * come here with their tokens already found by Python, so only whole letters are left of them. No branch, no table:
 * compilers turn this into sixteen bytes at a time. */
static void fold(const uint8_t *in, int64_t length, uint8_t *out) {
    for (int64_t i = 0; i < length; i++) {
        uint8_t c = in[i], lower = c | 0x20;
        uint8_t letter = (uint8_t)(lower - 'a') < 26, other = (uint8_t)(c - '0') < 10 || c == '_' || c >= 128;
        out[i] = (uint8_t)((lower & -letter) | (c & -other));
    }
}

/* Eight bytes as a number whose lowest byte is the first one, on every machine. */
INLINE uint64_t eight(const uint8_t *bytes) {
    uint64_t word;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = 0;
    for (int i = 7; i >= 0; i--) word = word << 8 | bytes[i];
#else
    memcpy(&word, bytes, sizeof word);
#endif
    return word;
}

/* A bit for each of 64 bytes: whether it is not 0. */
INLINE uint64_t set_bytes(const uint8_t *bytes) {
    const uint64_t sevens = 0x7F7F7F7F7F7F7F7Fu, ones = 0x0101010101010101u;
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t word = eight(bytes + 8 * i);
        word = ((((word & sevens) + sevens) | word) >> 7) & ones;
        bits |= (word * 0x0102040810204080u >> 56) << (8 * i); /* gathers the lowest bit of each byte */
    }
    return bits;
}

/* Where tokens begin and end, in turn, in folded text that has 64 zeros behind it; returns how many places. */
static int64_t find_edges(const uint8_t *folded, int64_t length, uint32_t *edges) {
    int64_t found = 0;
    uint64_t before = 0; /* whether the last byte of the block before was in a token */
    for (int64_t block = 0; block <= length; block += 64) {
        uint64_t bits = set_bytes(folded + block), turns = bits ^ (bits << 1 | before);
        before = bits >> 63;
        for (; turns; turns &= turns - 1) edges[found++] = (uint32_t)(block + lowest_bit(turns));
    }
    return found;
}

/* What is needed to shingle a document of up to `room` bytes. */
typedef struct {
    uint8_t *folded;
    uint32_t *edges, *buckets;
    uint64_t *spare;
} Scratch;

/* The hashes of one document's shingles in order of the text; returns how many. */
static int64_t run_hashes(const uint8_t *text, int64_t length, const Scratch *scratch, uint64_t *out) {
    const uint64_t factor_5 = RUN_FACTOR * RUN_FACTOR * RUN_FACTOR * RUN_FACTOR * RUN_FACTOR;
    const uint8_t *folded = scratch->folded;
    const uint32_t *edges = scratch->edges;
    fold(text, length, scratch->folded);
    memset(scratch->folded + length, 0, 2 * 64);
    int64_t tokens = find_edges(folded, length, scratch->edges) / 2;
    uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, run = 0; /* the last five tokens; 0 before the first */
    for (int64_t i = 0; i < tokens; i++) {
        uint32_t begin = edges[2 * i], end = edges[2 * i + 1];
        uint64_t token = 0;
        for (; end - begin > 8; begin += 8) {
            token = (token ^ eight(folded + begin)) * TOKEN_FACTOR;
            token ^= token >> 32;
        }
        token = (token ^ (eight(folded + begin) & UINT64_MAX >> (64 - 8 * (end - begin)))) * TOKEN_FACTOR;
        token ^= token >> 32;
        run = run * RUN_FACTOR + token - t0 * factor_5;
        t0 = t1, t1 = t2, t2 = t3, t3 = t4, t4 = token;
        if (i >= SIZE - 1) out[i - (SIZE - 1)] = last(run);
    }
    if (tokens && tokens < SIZE) out[0] = last(run);
    return tokens < SIZE ? tokens > 0 : tokens - (SIZE - 1);
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

enum { MOST_BUCKET_BITS = 16 };

/* Sorts n hashes and drops those that are there already; returns how many are left. Hashes are evenly spread, so
 * after they are put into about n buckets by their first bits, hardly anything is out of order. */
static int64_t sort_set(uint64_t *set, int64_t n, const Scratch *scratch) {
    uint64_t *spare = scratch->spare;
    uint32_t *buckets = scratch->buckets;
    if (n < 2) return n;
    int bits = 1;
    while (bits < MOST_BUCKET_BITS && ((int64_t)1 << bits) < n) bits++;
    memset(buckets, 0, sizeof(uint32_t) << bits);
    for (int64_t i = 0; i < n; i++) buckets[set[i] >> (64 - bits)]++;
    uint32_t before = 0, most = 0;
    for (int64_t b = 0; b < (int64_t)1 << bits; b++) {
        uint32_t here = buckets[b];
        if (here > most) most = here;
        buckets[b] = before;
        before += here;
    }
    for (int64_t i = 0; i < n; i++) spare[buckets[set[i] >> (64 - bits)]++] = set[i];
    if (most > 64) { /* a text that repeats itself, or a huge one */
        qsort(spare, (size_t)n, sizeof(uint64_t), compare);
    } else {
        for (int64_t i = 1; i < n; i++) {
            uint64_t value = spare[i];
            int64_t j = i;
            for (; j > 0 && spare[j - 1] > value; j--) spare[j] = spare[j - 1];
            spare[j] = value;
        }
    }
    int64_t kept = 1;
    set[0] = spare[0];
    for (int64_t i = 1; i < n; i++)
        if (spare[i] != spare[i - 1]) set[kept++] = spare[i];
    return kept;
}

/* The sets of documents whose text is bytes[starts[d]] to bytes[starts[d + 1]]. Writes the hashes one behind the
 * other to out (room for so many) and the size of each set; returns how many were written, or an error. */
EXPORT int64_t curator_shingle(const uint8_t *bytes, const int64_t *starts, int64_t documents, uint64_t *out,
                               int64_t room, int64_t *sizes) {
    int64_t longest = 0, total = 0;
    for (int64_t d = 0; d < documents; d++)
        if (starts[d + 1] - starts[d] > longest) longest = starts[d + 1] - starts[d];
    if (longest > INT32_MAX) return OUT_OF_ROOM; /* places in a text are kept in 32 bits */
    Scratch scratch = {malloc((size_t)longest + 2 * 64), malloc(sizeof(uint32_t) * (size_t)(longest + 2)),
                       malloc(sizeof(uint32_t) << MOST_BUCKET_BITS), malloc(sizeof(uint64_t) * (size_t)(longest / 2 + 1))};
    int enough = scratch.folded && scratch.edges && scratch.buckets && scratch.spare;
    for (int64_t d = 0; enough && d < documents; d++) {
        int64_t length = starts[d + 1] - starts[d];
        if ((length + 1) / 2 > room - total) { /* a token and its end are two bytes */
            total = OUT_OF_ROOM;
            break;
        }
        int64_t found = run_hashes(bytes + starts[d], length, &scratch, out + total);
        sizes[d] = sort_set(out + total, found, &scratch);
        total += sizes[d];
    }
    if (!enough) total = OUT_OF_MEMORY;
    free(scratch.folded);
    free(scratch.edges);
    free(scratch.buckets);
    free(scratch.spare);
    return total;
}

/* ---- Which documents can have a partner at all ---------------------------------------------------------------- */

/* Counts, up to 255, how many documents have a shingle: in table[first bits of its hash], for cells from low up to,
 * but without, high. Several threads share a table by counting different cells. Documents with skip[d] do not count. */
EXPORT void curator_count(const uint64_t *hashes, const int64_t *starts, int64_t documents, const uint8_t *skip,
                          uint8_t *table, int32_t bits, uint64_t low, uint64_t high) {
    for (int64_t d = 0; d < documents; d++) {
        if (skip[d]) continue;
        int64_t i = starts[d], end = starts[d + 1];
        while (i < end && hashes[i] >> (64 - bits) < low) i++;
        for (int64_t j = i; j < end && hashes[j] >> (64 - bits) < high; j++) PREFETCH(&table[hashes[j] >> (64 - bits)]);
        for (; i < end && hashes[i] >> (64 - bits) < high; i++) {
            uint8_t *cell = &table[hashes[i] >> (64 - bits)];
            *cell = (uint8_t)(*cell + (*cell < 255));
        }
    }
}

/* Keeps of each set the shingles that another document may have too (those that share a cell are kept as well), and
 * keeps a document only if these are at least least[d]. Works in place; kept[d] is the new size of set d, 0 if it
 * is dropped. Returns how many hashes are left. */
EXPORT int64_t curator_keep(uint64_t *hashes, const int64_t *starts, int64_t documents, const uint8_t *skip,
                            const uint8_t *table, int32_t bits, const int64_t *least, int64_t *kept) {
    int64_t total = 0;
    for (int64_t d = 0; d < documents; d++) {
        int64_t start = starts[d], end = starts[d + 1], found = 0;
        kept[d] = 0;
        if (skip[d] || start == end) continue;
        for (int64_t i = start; i < end; i++) PREFETCH(&table[hashes[i] >> (64 - bits)]);
        for (int64_t i = start; i < end; i++) { /* never writes behind what is still to be read: total <= start */
            hashes[total + found] = hashes[i];
            found += table[hashes[total + found] >> (64 - bits)] > 1;
        }
        if (found && found >= least[d]) {
            kept[d] = found;
            total += found;
        }
    }
    return total;
}

/* ---- The prefix join ------------------------------------------------------------------------------------------ */

/* Of each set the shingles that stand in its prefix, rarest first, equally rare ones by hash: all sets agree on this
 * order. sizes[d] is the full size of set d: what is missing in hashes are shingles that no other document has, they
 * come before all others. prefix[d] is the length of the prefix, first[d] becomes the place in the whole order of the
 * first shingle written. Writes to out and ends[d]; out needs the room of hashes. Returns how many were written. */
EXPORT int64_t curator_prefixes(const uint64_t *hashes, const int64_t *starts, const int64_t *sizes, int64_t documents,
                                const uint8_t *table, int32_t bits, const int64_t *prefix, uint64_t *out,
                                int64_t *ends, int64_t *first) {
    int64_t total = 0;
    for (int64_t d = 0; d < documents; d++) {
        int64_t places[257] = {0}; /* where shingles of that many documents begin */
        for (int64_t i = starts[d]; i < starts[d + 1]; i++) places[table[hashes[i] >> (64 - bits)] + 1]++;
        places[0] = sizes[d] - (starts[d + 1] - starts[d]);
        for (int c = 0; c < 256; c++) places[c + 1] += places[c];
        first[d] = places[2]; /* those of one document alone lead nowhere */
        for (int64_t i = starts[d]; i < starts[d + 1]; i++) {
            int count = table[hashes[i] >> (64 - bits)];
            int64_t place = places[count]++;
            if (count > 1 && place < prefix[d]) out[total + place - first[d]] = hashes[i];
        }
        if (prefix[d] > first[d]) total += prefix[d] - first[d];
        ends[d] = total;
    }
    return total;
}

/* A posting: document number `rank` (in order of size) has this shingle at this place of its prefix. */
typedef struct {
    uint64_t hash;
    int32_t rank, place;
} Posting;

/* Puts the prefixes' shingles into buckets by their first bits, in each bucket by rank: postings[buckets[b]] up to,
 * but without, postings[buckets[b + 1]]. order[rank] is the document; of document d the places below indexed[d] go
 * in. buckets has 2^bits + 2 entries, all 0; postings has room for all of it. Returns how many went in. */
EXPORT int64_t curator_index(const uint64_t *prefixes, const int64_t *starts, const int64_t *first,
                             const int64_t *indexed, const int64_t *order, int64_t documents, int32_t bits,
                             int64_t *buckets, Posting *postings) {
    for (int64_t rank = 0; rank < documents; rank++) {
        int64_t d = order[rank];
        for (int64_t i = starts[d], place = first[d]; i < starts[d + 1] && place < indexed[d]; i++, place++)
            buckets[(prefixes[i] >> (64 - bits)) + 2]++;
    }
    for (int64_t b = 0; b <= (int64_t)1 << bits; b++) buckets[b + 1] += buckets[b];
    for (int64_t rank = 0; rank < documents; rank++) {
        int64_t d = order[rank];
        for (int64_t i = starts[d], place = first[d]; i < starts[d + 1] && place < indexed[d]; i++, place++) {
            Posting *posting = &postings[buckets[(prefixes[i] >> (64 - bits)) + 1]++];
            posting->hash = prefixes[i];
            posting->rank = (int32_t)rank;
            posting->place = (int32_t)place;
        }
    }
    return buckets[(int64_t)1 << bits];
}

/* How many hashes two ascending sets share, or -1 as soon as it is clear that they are fewer than least. */
INLINE int64_t shared(const uint64_t *a, const uint64_t *a_end, const uint64_t *b, const uint64_t *b_end,
                      int64_t least) {
    int64_t common = 0;
    while (a < a_end && b < b_end) {
        int64_t rest = a_end - a < b_end - b ? a_end - a : b_end - b;
        if (common + rest < least) return -1;
        for (int64_t step = rest < 64 ? rest : 64; step; step--) { /* no branch depends on the data */
            uint64_t x = *a, y = *b;
            common += x == y;
            a += x <= y;
            b += y <= x;
        }
    }
    return common < least ? -1 : common;
}

/* The first posting from `from` on, before `to`, of a rank of at least `least`. */
static int64_t first_of_rank(const Posting *postings, int64_t from, int64_t to, int64_t least) {
    while (from < to) {
        int64_t middle = from + (to - from) / 2;
        if (postings[middle].rank < least)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static int64_t least_overlap(double share, int64_t sizes) {
    double least = share * (double)sizes - 1e-6; /* the exact check comes after, so this may err to the low side */
    int64_t whole = (int64_t)least;
    return least <= 0 ? 0 : whole + ((double)whole < least);
}

/* For documents from rank *next on, before rank `until`: all partners of lower rank with a Jaccard similarity of at
 * least threshold. Writes the documents' numbers and their common shingles, as many as there is room for, and moves
 * *next behind the last document that is done (room for `documents` is always enough to do one). The sets lack the
 * shingles that no other document has; sizes are the full ones. smallest[rank] is the lowest rank whose size may do.
 * seen: one entry per document, all 0 at first, the thread's own. Adds to *candidates the pairs whose sets were
 * compared. Returns how many pairs were written. */
EXPORT int64_t curator_probe(const uint64_t *hashes, const int64_t *starts, const int64_t *sizes,
                             const uint64_t *prefixes, const int64_t *prefix_starts, const int64_t *first,
                             const int64_t *order, const int64_t *smallest, int32_t bits, const int64_t *buckets,
                             const Posting *postings, double threshold, int64_t until, int64_t room, uint32_t *seen,
                             int64_t *next, int32_t *a, int32_t *b, int32_t *common, int64_t *candidates) {
    double share = threshold / (1 + threshold); /* of both sizes together, that must be common */
    int64_t found = 0, rank = *next;
    for (; rank < until && room - found >= rank; rank++) {
        int64_t x = order[rank], size = sizes[x], place = first[x];
        for (int64_t i = prefix_starts[x]; i < prefix_starts[x + 1]; i++, place++) {
            uint64_t hash = prefixes[i];
            int64_t bucket = (int64_t)(hash >> (64 - bits)), end = buckets[bucket + 1];
            int64_t p = first_of_rank(postings, buckets[bucket], end, smallest[rank]);
            for (; p < end && postings[p].rank < rank; p++) {
                if (postings[p].hash != hash) continue;
                int64_t y = order[postings[p].rank], other = sizes[y];
                int64_t least = least_overlap(share, size + other);
                if (size - place < least) break; /* partners that follow are larger still */
                if (seen[y] == (uint32_t)rank + 1) continue;
                seen[y] = (uint32_t)rank + 1;
                if (other - postings[p].place < least) continue; /* this is the first shingle they share */
                ++*candidates;
                int64_t both = shared(hashes + starts[x], hashes + starts[x + 1], hashes + starts[y],
                                      hashes + starts[y + 1], least);
                if (both > 0 && (double)both / (double)(size + other - both) >= threshold) {
                    a[found] = (int32_t)x;
                    b[found] = (int32_t)y;
                    common[found++] = (int32_t)both;
                }
            }
        }
    }
    *next = rank;
    return found;
}

/* For each pair of sets how many shingles they share. */
EXPORT void curator_shared(const uint64_t *hashes, const int64_t *starts, const int64_t *a, const int64_t *b,
                           int64_t pairs, int64_t *common) {
    for (int64_t i = 0; i < pairs; i++)
        common[i] = shared(hashes + starts[a[i]], hashes + starts[a[i] + 1], hashes + starts[b[i]],
                           hashes + starts[b[i] + 1], 0);
}

/* ---- MinHash signatures --------------------------------------------------------------------------------------- */

enum { TILE = 256, LANES = 32 };

INLINE void sign_sets(const uint64_t *hashes, const int64_t *starts, int64_t documents, const uint32_t *factors,
                      const uint32_t *offsets, int32_t permutations, uint32_t *out) {
    uint32_t mixed[TILE];
    for (int64_t d = 0; d < documents; d++, out += permutations) {
        for (int32_t k = 0; k < permutations; k++) out[k] = UINT32_MAX;
        for (int64_t i = starts[d]; i < starts[d + 1]; i += TILE) {
            int n = (int)(starts[d + 1] - i < TILE ? starts[d + 1] - i : TILE);
            for (int j = 0; j < n; j++) { /* datasketch mixes the 32-bit hash once, as murmur3 ends */
                uint32_t h = (uint32_t)hashes[i + j];
                h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
                h = (h ^ (h >> 13)) * 0xC2B2AE35u;
                mixed[j] = h ^ (h >> 16);
            }
            for (int32_t k = 0; k < permutations; k += LANES) { /* so many permutations fit the registers */
                uint32_t lowest[LANES], factor[LANES], offset[LANES];
                memcpy(lowest, out + k, sizeof lowest);
                memcpy(factor, factors + k, sizeof factor);
                memcpy(offset, offsets + k, sizeof offset);
                for (int j = 0; j < n; j++)
                    for (int lane = 0; lane < LANES; lane++) {
                        uint32_t value = factor[lane] * mixed[j] + offset[lane];
                        lowest[lane] = value < lowest[lane] ? value : lowest[lane];
                    }
                memcpy(out + k, lowest, sizeof lowest);
            }
        }
    }
}

typedef void Sign(const uint64_t *, const int64_t *, int64_t, const uint32_t *, const uint32_t *, int32_t, uint32_t *);

static void sign_plain(const uint64_t *h, const int64_t *s, int64_t n, const uint32_t *f, const uint32_t *o, int32_t p,
                       uint32_t *out) {
    sign_sets(h, s, n, f, o, p, out);
}

#if defined(__GNUC__) && defined(__x86_64__) && !defined(_WIN32)
/* The same loop for wider registers, chosen when it runs: a wheel must also start on a processor without them. Not on
 * Windows, where GCC does not align the stack for them (GCC bug 54412). */
__attribute__((target("avx2"))) static void sign_avx2(const uint64_t *h, const int64_t *s, int64_t n,
                                                      const uint32_t *f, const uint32_t *o, int32_t p, uint32_t *out) {
    sign_sets(h, s, n, f, o, p, out);
}
static Sign *best_sign(void) { return __builtin_cpu_supports("avx2") ? sign_avx2 : sign_plain; }
#else
static Sign *best_sign(void) { return sign_plain; }
#endif

/* MinHash signatures as datasketch's scheme "affine32" makes them of the low 32 bits of each hash: per permutation
 * the smallest of factor * hash + offset. permutations must be a multiple of 32; out: documents x permutations. */
EXPORT int64_t curator_sign(const uint64_t *hashes, const int64_t *starts, int64_t documents, const uint32_t *factors,
                            const uint32_t *offsets, int32_t permutations, uint32_t *out) {
    if (permutations % LANES) return OUT_OF_ROOM;
    best_sign()(hashes, starts, documents, factors, offsets, permutations, out);
    return documents;
}
