mkdir r && ln -s etc r/etc
