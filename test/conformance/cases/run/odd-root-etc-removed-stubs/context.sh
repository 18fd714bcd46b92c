mkdir -p r/etc && echo a > r/a
