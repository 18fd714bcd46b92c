mkdir -p x/e x/f/e && echo a > x/f/a
