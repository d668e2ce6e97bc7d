DROP FUNCTION analyze_after_erasure;
