// The embedded data sets (see ATTRIBUTION.md), each as the bytes of a gzip-compressed CSV file.
#pragma once
#include <stddef.h>
#include <stdint.h>

const uint8_t *cdatasets_digits(void);
size_t cdatasets_digits_count(void);
const uint8_t *cdatasets_wine(void);
size_t cdatasets_wine_count(void);
const uint8_t *cdatasets_breast_cancer(void);
size_t cdatasets_breast_cancer_count(void);

// The classes of Unicode's characters and its canonical compositions, as make_unicode.py writes them.
const uint8_t *cdatasets_unicode(void);
size_t cdatasets_unicode_count(void);
