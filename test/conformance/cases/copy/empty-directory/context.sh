mkdir -p d/empty e
