# -*- coding: utf-8 -*-
'''`python -m textkit`'''
import sys, os
from textkit.cli import main

if __name__=='__main__':
    sys.exit( main() )
