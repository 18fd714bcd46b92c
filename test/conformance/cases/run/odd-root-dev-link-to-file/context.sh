mkdir r && ln -s file r/dev && echo a > r/file
