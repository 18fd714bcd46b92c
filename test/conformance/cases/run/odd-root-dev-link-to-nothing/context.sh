mkdir r && ln -s nothing/there r/dev
