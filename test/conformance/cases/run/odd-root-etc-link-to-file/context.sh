mkdir r && ln -s file r/etc && echo a > r/file
