: > "$(printf 'd/\377')"
